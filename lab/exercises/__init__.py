"""The exercises: content in `exercises/NN-name/`, read here, asked of the live telemetry, judged, and remembered.

content → exercise, loader     what an exercise is, and how it is read from its files
personal                       the values that differ from learner to learner
gathering → results            asks the backends: the learner's query and the reference, over the same time
services                       a learner's service: run, driven, and judged by what it tells
checking                       the verdict, a pure function of task, answer and what was gathered
progress                       who has solved what
session                        all of it together, for the command line and for pages
"""

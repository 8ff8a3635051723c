"""Exercises with a small service in a folder of the learner's, to be instrumented there.

description, reading           what the service is sent and what has to arrive: data in exercise.yaml
workspace                      the learner's own copy, and what an earlier one is kept as
process, runner, neighbour     the service in a process of its own, and a service that it calls
driving → observed             sends the requests, and collects what arrives
checking                       the verdict, a pure function of the task and of what was observed:
                               metric_checks, span_checks, log_checks, and words for what they find
versions                       the solution with something changed: what is right as well, and what is wrong
"""

"""The page of a workshop: learners who opted in, and for the instructor switches for their labs and the answer key.

Learners' labs listen on their own machines only. So nothing here reaches into them: each asks every few seconds what it
is to do (lab/workshop/ is that side of it), and tells how far its learner is.

- `settings.py`    host, port, folder, from the environment
- `names.py`       what a learner and a team may be called
- `messages.py`    what is sent here, read and checked
- `orders.py`      what the instructor wants of a lab, and what became of it
- `roster.py`      who is there, kept in a file
- `answer_key.py`  the truth about faults, and solutions of exercises
- `guard.py`       what stands between a browser and all of this
- `app.py`         the pages and the JSON under them
- `static/`        what the pages are made of, beside the workbench's style and parts
"""

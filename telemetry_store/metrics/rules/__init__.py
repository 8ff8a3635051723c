"""Rules: recording rules that write series, alerting rules that raise alerts, and what brings alerts to Alertmanagers.

`rule_files` reads the files (`yaml_nodes` their YAML), `expressions` asks the storage, `recording` and `alerting` are
the two kinds of rules, `templates` fills in labels and annotations, `groups` evaluates rules one after another,
`manager` keeps the groups that the files say and their clock, `alertmanagers` sends. Semantics are Prometheus'.
"""

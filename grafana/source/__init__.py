"""The dashboards as code. `python -m grafana.source` writes `grafana/dashboards/<uid>.json`; `--check` only compares.

To add a dashboard:

1. give it a uid, a title and neighbours in `directory.py`;
2. write a module with one function `dashboard() -> Page` (a folder for each system, `lab/` for the lab itself);
3. name the module in `catalog.py`, a system's in its manifest, too; run
   `python -m grafana.source`, and commit the JSON with the code.

A page is a list of sections, a section a list of bands, a band a few panels side by side (`layout.py`):

    Page(
        uid="chain-example",
        description="What this page answers.",
        variables=[variables.percentile()],
        sections=[
            section("Traffic", band(8, panels.timeseries(
                "Requests by service",
                shows="Requests answered per second.",
                bad_day="A line falls to 0 while the others go on.",
                unit=units.REQUESTS_PER_SECOND,
                queries=[prometheus("service:requests:rate1m", "{{service}}")],
                colour_by=colours.CHAIN,
            ))),
        ],
    )

What lives where: `datasources` (uids), `queries` (PromQL, LogQL, TraceQL, service map), `panels` (one function a panel
type; each returns the builder of grafana-foundation-sdk, so that its own methods can follow), `tables` (columns),
`units`, `colours` (one a service; green, amber and red for state only), `colouring` (how Grafana is told), `slo`
(objectives and the thresholds drawn from them), `variables`, `links` (between dashboards, into Explore), `events`
(annotations), `layout` (grid, ids), `rendering` (JSON).
"""

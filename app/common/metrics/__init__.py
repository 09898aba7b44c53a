"""Every Prometheus metric, in one place: of masters (`master`), of workers (`worker`), of both (`shared`).

A process imports those of its own role: a metric that nobody sets would show as 0. Labels are from closed
sets; names of jobs appear only for jobs that ask for it, at most MAX_MEASURED_JOBS. Where the first event
matters, its series is there before: Prometheus takes no notice of a counter that begins above 0.

The processes of a worker share one set through prometheus_client's multiprocess mode: the directory is set in
the environment before any of these modules is first imported (see app/worker/main.py).
"""

MAX_MEASURED_JOBS = 1_000

"""What every JVM tells of itself: the same row on the dashboards of Kafka, Spark and Cassandra."""

from .limits import high_is_bad
from .panels import Row, graph
from .sources import Query
from .words import Words


def jvm_row(where: str = 'instance=~"$instance"') -> Row:
    """Make the row of the JVMs that a label filter selects."""
    heap = f'jvm_memory_used_bytes{{area="heap", {where}}} / jvm_memory_max_bytes{{area="heap", {where}}}'
    return Row(
        "JVM",
        (
            graph(
                "Heap in use",
                "percentunit",
                Words(
                    shows="Used part of the greatest heap that the JVM may have.",
                    normal="A saw tooth: it rises, and falls with each collection.",
                    otherwise="A line that stays above 90 % ends in an OutOfMemoryError: give it more heap (-Xmx), and look for what holds it.",
                ),
                Query(heap, "{{instance}}"),
                limits=high_is_bad(0.85, 0.95),
                width=6,
                top=1,
            ),
            graph(
                "Time in garbage collection",
                "percentunit",
                Words(
                    shows="Share of time in which a collector worked.",
                    normal="Below 5 %.",
                    otherwise="More than 10 % shows as latency: the heap is too small for the load.",
                ),
                Query(
                    f"sum by (instance, gc) (rate(jvm_gc_collection_seconds_sum{{{where}}}[$__rate_interval]))",
                    "{{instance}} {{gc}}",
                ),
                limits=high_is_bad(0.05, 0.1),
                width=6,
            ),
            graph(
                "CPU",
                "short",
                Words(
                    shows="Cores that the process keeps busy.",
                    normal="Well below the machine's cores; high for the first minute after a start, while the JVM compiles.",
                    otherwise="Near all cores: everything waits for CPU. Less load, or more cores.",
                ),
                Query(f"rate(process_cpu_seconds_total{{{where}}}[$__rate_interval])", "{{instance}}"),
                width=6,
            ),
            graph(
                "Open files",
                "percentunit",
                Words(
                    shows="Open files and sockets, as part of the most that the process may have.",
                    normal="Below 50 %, and level.",
                    otherwise="A line that only rises is a leak, or too many segments and connections; at 100 % nothing can be opened any more. Raise `ulimit -n`.",
                ),
                Query(f"process_open_fds{{{where}}} / process_max_fds{{{where}}}", "{{instance}}"),
                limits=high_is_bad(0.6, 0.85),
                width=6,
                top=1,
            ),
        ),
    )

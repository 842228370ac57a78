"""Copy the jars of the lock into an environment: the connectors to Spark's own jars, and the JMX exporter. Argument: the environment's folder."""

import shutil
import sys
from pathlib import Path

from devstack.jars import classpath

if __name__ == "__main__":
    environment = Path(sys.argv[1])
    (spark,) = environment.glob("lib/python3.*/site-packages/pyspark/jars")
    for jar in classpath("spark"):
        # Without the mode: a downloaded file belongs to its user alone.
        shutil.copyfile(jar, spark / jar.name)
    (environment / "jmx").mkdir()
    (exporter,) = classpath("jmx")
    shutil.copyfile(exporter, environment / "jmx" / "jmx_prometheus_javaagent.jar")

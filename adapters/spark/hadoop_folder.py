"""A folder of small files on the file system that a checkpoint is on: local, HDFS, or any other that Hadoop reaches."""

from typing import Any

from pyspark.sql import SparkSession


class HadoopFolder:
    """A folder, which need not exist; names are relative to it. Every method raises Py4JJavaError if the file system fails."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        self._jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - Hadoop's file systems have no Python API in PySpark
        self._conf: Any = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001
        self._folder = folder

    def is_local(self) -> bool:
        """Return whether the folder is on a disk of this machine."""
        return bool(self._files().getScheme() == "file")

    def exists(self, name: str) -> bool:
        """Return whether the folder has this entry."""
        return bool(self._files().exists(self._path(name)))

    def names(self, name: str = ".") -> list[str]:
        """Return the names in the folder or in a folder within it; none if it does not exist."""
        if not self.exists(name):
            return []
        return [str(status.getPath().getName()) for status in self._files().listStatus(self._path(name))]

    def read(self, name: str) -> str | None:
        """Return the text of a file, None if it does not exist."""
        if not self.exists(name):
            return None
        stream = self._files().open(self._path(name))
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def create(self, name: str, text: str = "") -> None:
        """Create or replace a file. A crash may leave a part of the text."""
        stream = self._files().create(self._path(name), True)
        stream.write(bytearray(text.encode()))
        stream.close()

    def rename(self, name: str, target: str) -> bool:
        """Rename a file, and return whether that succeeded."""
        return bool(self._files().rename(self._path(name), self._path(target)))

    def delete(self, name: str) -> None:
        """Delete a file."""
        self._files().delete(self._path(name), False)

    def _path(self, name: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(self._folder, name)

    def _files(self) -> Any:
        return self._path(".").getFileSystem(self._conf)

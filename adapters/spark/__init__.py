"""Spark: the domain's rules as column expressions, and the two streaming queries that apply them.

No UDF anywhere: no row ever visits Python, and executors need nothing but the two connector jars. Each function here that stands for a rule
has the name of its pure twin in `domain`, and tests/parity sends the same records through both and wants equality.
"""

"""Faces: tracked landmarks, aligned crops, and the mesh geometry that later stages share.

`mesh`, `align`, `warp`, `mask` and `colour` are geometry on arrays; `table` reads and writes the
Parquet files of this stage; `track` and `crop` are the two rules.
"""

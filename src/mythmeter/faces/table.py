"""The tables of faces and crops, as other rooms read and write them."""

from mythmeter.faces.crop_table import (
    LEAST_VISIBLE,
    CropsWriter,
    CropTable,
    read_crops,
    write_crops,
)
from mythmeter.faces.face_table import FacesWriter, FaceTrack, read_faces, read_luma_step

__all__ = [
    "LEAST_VISIBLE",
    "CropTable",
    "CropsWriter",
    "FaceTrack",
    "FacesWriter",
    "read_crops",
    "read_faces",
    "read_luma_step",
    "write_crops",
]

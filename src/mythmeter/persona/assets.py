"""What a synthetic person is made with: names in the catalogue of files."""

from typing import Final

ASSETS: Final = (
    *("makehuman", "james_obj", "james_jpg", "kokoro", "kokoro_voices"),
    *("face_detector", "face_mesh", "iris", "dlib_points", "dlib_face"),
)

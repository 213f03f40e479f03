"""Following one known person through a clip in which others may be seen too.

The person is found by `lock`: only tracklets whose samples pass count, and nothing unclear is
carried on from them. Frames in which the person is not found have no face.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ANOTHER: Final = "a face, but not that of the person who agreed"
EVERY_FRAMES: Final = 12
"""How often a face that is followed is sampled; where two samples differ it is told when."""

IsPerson = Callable[[NDArray[np.uint8], NDArray[Any]], bool]
"""Whether the face with these points (468, 2 or more, in frame pixels) is the person's."""

"""Takes from plotext what makes it slow beside training: a lock given away, and a search that is not needed.

plotext 6 calls its kernel through ``ctypes.CDLL``, which gives the lock away around every call, and it makes
several calls for each point: beside a busy training thread each one waits for its turn. ``ctypes.PyDLL``
keeps the lock. The calls take microseconds, so nothing is starved by it.

It also looks at the colour of every point that is drawn, so that the next line may have another one: four
calls for each point, two fifths of a chart's time. Every line here says its colour.
"""

import ctypes
from types import ModuleType
from typing import Any


def keep_lock(tools: ModuleType) -> int:
    """Re-bind every function in the registry of `tools` (``plotext._kernel.tools``) to ``ctypes.PyDLL``.

    Returns how many functions were re-bound; 0 means that these private names have changed, and that the
    binding plotext made itself is untouched and still works. Never raises. Binding twice does no harm.
    """
    try:
        registry: Any = tools.clink
        library = ctypes.PyDLL(tools.kernel._name)
        bound: dict[str, Any] = {}
        for name, plain in vars(registry).items():
            # `last_function` is the registry's own note, under a name that is no symbol of the library.
            if callable(plain) and getattr(plain, "argtypes", None) is not None and name != "last_function":
                function = getattr(library, name)
                function.argtypes, function.restype = plain.argtypes, plain.restype
                bound[name] = function
    except (AttributeError, OSError, TypeError):
        return 0
    vars(registry).update(bound)
    return len(bound)


def quickened(signal: Any) -> Any:
    """The signal itself, drawn without the search for its colours; never raises.

    Hides the private method on this one object: plotext draws as before where the name has changed.
    """
    signal._get_unique_pixels = list
    return signal

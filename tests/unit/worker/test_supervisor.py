import multiprocessing.spawn
import sys
from types import ModuleType

from app.worker.supervisor import _no_main_module


def test_a_child_is_not_told_to_import_the_command_line(monkeypatch):
    own = ModuleType("__main__")
    own.__file__ = __file__
    monkeypatch.setitem(sys.modules, "__main__", own)
    with _no_main_module():
        told = multiprocessing.spawn.get_preparation_data("child")
    assert not [name for name in told if name.startswith("init_main")]
    assert sys.modules["__main__"] is own
    assert [name for name in multiprocessing.spawn.get_preparation_data("c") if name.startswith("init_main")]

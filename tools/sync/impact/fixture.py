# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Small repositories and mirrors for the tests of this folder."""

import pathlib
import textwrap
from typing import Mapping

from absl.testing import parameterized

from tools.sync.impact import api

# A mirror, and code of ours that uses it.
CONFIG = 'official/core/config.py'
TASK = 'official/core/task.py'
MIRROR = {
    CONFIG: (
        """\
        import dataclasses
        from typing import Optional
        from official.core import limits

        layers = tf.keras.layers
        DEPTHS = {18: 'basic', 50: limits.BLOCK, 99: layers.X}

        @dataclasses.dataclass
        class Inner:
          rate: float = 0.1
          def __init__(self):
            self.seen: int = 1

        @dataclasses.dataclass
        class Config:
          name: Optional[str] = None
          inner: Inner = dataclasses.field(default_factory=Inner)

        @dataclasses.dataclass
        class TaskConfig(Config):
          steps: int = limits.STEPS
        """
    ),
    'official/core/limits.py': (
        """\
        STEPS = 5
        BLOCK = 'bottleneck'
        """
    ),
    TASK: (
        """\
        import abc

        class Base:
          def build(self): ...

        class Task(Base):
          def __init__(self, params, dir=None):
            self._dir = dir
          def train(self, inputs, model=None): ...
          @property
          def loss(self): ...

        def make(name, *, folder='', **kwargs) -> Task: ...
        def unused(x): ...
        """
    ),
    'official/core/other.py': '',
    'official/core/__init__.py': 'from official.core.task import make\n',
}
OURS = {
    'tfmot_contrib/x/BUILD': 'py_library(name = "ours", srcs = ["ours.py"])',
    'tfmot_contrib/x/ours.py': (
        """\
        from official.core import config
        from official.core import make
        from official.core import task


        class Ours(task.Task):

          def train(self, inputs, model=None):
            super().train(inputs, model=model)
            return self.build(), self._dir, self.loss

        CONFIG = config.TaskConfig(name='x')
        DEPTHS = config.DEPTHS
        MADE = make('x', folder='y')
        def f(params: config.TaskConfig): ...
        TASK = Ours(1)
        """
    ),
    'tools/y/tool.py': 'from official.core import config\n',
}


class TreeTestCase(parameterized.TestCase):
  """A test that writes trees of files."""

  def tree(self, *parts: Mapping[str, str]) -> pathlib.Path:
    """Writes a tree into a folder of its own.

    Args:
      *parts: From names to contents, which may be indented; later ones win. An
        empty `__init__.py` is put beside each Python file that has none.

    Returns:
      The folder.
    """
    folder = pathlib.Path(self.create_tempdir().full_path)
    files = {name: text for part in parts for name, text in part.items()}
    for name, text in files.items():
      path = folder / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(textwrap.dedent(text), encoding='utf-8')
      for above in path.relative_to(folder).parents[:-1]:
        init = folder / above / '__init__.py'
        if name.endswith('.py') and not init.exists():
          init.write_text('', encoding='utf-8')
    return folder


class ImpactTestCase(TreeTestCase):
  """A test that changes something in `MIRROR` and looks what touches `OURS`."""

  def impact(
      self, changes: Mapping[str, str], old: Mapping[str, str] | None = None
  ) -> list[api.Change]:
    """Compares the mirror with one in which some files are others."""
    mirrors = [self.tree(MIRROR, old or {}), self.tree(MIRROR, changes)]
    return api.impact(*mirrors, self.tree(OURS))

  def change(self, name: str, old: str, new: str) -> list[api.Change]:
    """Compares the mirror with one in which a text of a file is another."""
    self.assertIn(old, MIRROR[name])
    return self.impact({name: MIRROR[name].replace(old, new)})

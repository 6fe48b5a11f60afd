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

"""A git checkout of TFMOT for tests, made of the TFMOT that is installed.

It is laid out as upstream has it in git: tests beside the code, no empty
`__init__.py` (which Bazel adds), and a setup.py that finds packages and reads
version.py.
"""

import importlib.util
import pathlib

from tools.base import git

NAME = 'tensorflow_model_optimization'
CODE = f'{NAME}/python/core/sparsity/keras/prune.py'
TEST = CODE.replace('.py', '_test.py')
VERSION = f'{NAME}/python/core/version.py'
GUIDE = f'{NAME}/g3doc/index.md'
_SETUP = f"""\
import os, sys
from setuptools import find_packages, setup
top = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(top, '{NAME}/python/core'))
from version import __version__
name = 'tf-model-optimization-nightly'
if '--release' in sys.argv:
  sys.argv.remove('--release')
  name = 'tensorflow-model-optimization'
setup(name=name, version=__version__, packages=find_packages(),
      install_requires=['numpy>=1.23', 'tf-keras>=2.14.1'])
"""


def installed() -> dict[str, bytes]:
  """Returns the files of the TFMOT that is installed, without byte code."""
  spec = importlib.util.find_spec(NAME)  # Which does not import it.
  (top,) = map(pathlib.Path, spec.submodule_search_locations)
  return {
      path.relative_to(top.parent).as_posix(): path.read_bytes()
      for path in sorted(top.rglob('*.py'))
  }


class Checkout:
  """A folder with the source of TFMOT.

  Attributes:
    top: The folder.
    files: What is installed, by path.
  """

  def __init__(self, top: pathlib.Path):
    """Writes the files to `top`."""
    self.top = top
    self.files = installed()
    for name, data in self.files.items():
      if data or not name.endswith('__init__.py'):
        self.write(name, data)
    self.write('setup.py', _SETUP.encode())
    self.write(TEST, b'assert False\n')
    self.write(GUIDE, b'# Guide\n')

  def write(self, name: str, data: bytes) -> None:
    """Writes a file."""
    path = self.top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

  def append(self, name: str, data: bytes) -> None:
    """Appends to a file."""
    self.write(name, (self.top / name).read_bytes() + data)

  def commit(self, message: str) -> None:
    """Commits all files to the branch master."""
    if not (self.top / '.git').exists():
      self._git('init', '-q', '-b', 'master')
    self._git('add', '-A')
    self._git('commit', '-q', '-m', message)

  def _git(self, *arguments: str) -> None:
    who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
    git.run(self.top, *who, *arguments, what='writing a checkout of TFMOT')

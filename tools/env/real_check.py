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

"""Makes real environments from a real checkout of TFMOT, and looks into them.

A commit and the same with a fault, an edit that is not committed, a wheel, and
a TFMOT that asks for another NumPy than there is. Every lock has to resolve for
every Python that we promise. Packages are installed, so it is no Bazel test;
`nox -s tests` calls it.
"""

import os
import pathlib
import sys
import tempfile
from typing import Sequence

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.env import checkout
from tools.env import environment
from tools.env import sources

_FAULT = b'# A fault.\n'
_SOURCE_ONLY = ('promise',)  # Has no wheel; pure Python.


def _code_of(setting: str) -> bytes:
  """Returns the module of TFMOT that an environment finds."""
  versions = environment.settings({}) | {'tfmot': setting}
  made = environment.make(versions)
  find = (
      'import importlib.util as u;'
      f' print(u.find_spec({checkout.NAME!r}).submodule_search_locations[0])'
  )
  place = bootstrap.run([made.python, '-c', find], 'looking for TFMOT').strip()
  text = pathlib.Path(made.tfmot_fingerprint).read_text(encoding='utf-8')
  base = pathlib.Path(made.tensorflow_fingerprint).read_text(encoding='utf-8')
  if not text.startswith(base) or text.count('\n') != base.count('\n') + 1:
    raise errors.InputError(f'{setting} has an odd fingerprint')
  name = checkout.CODE.partition('/')[2]
  return (pathlib.Path(place) / name).read_bytes()


def _expect(what: str, found: object, expected: object) -> None:
  """Says that two things are equal, or fails."""
  if found != expected:
    raise errors.InputError(f'{what}: {found!r} instead of {expected!r}')
  print(f'real_check: {what}')


def _check_locks(scratch: pathlib.Path) -> None:
  """Checks that every lock can be installed on every Python that we promise."""
  install = ['pip', 'install', '-q', '--dry-run', '--no-deps', '--target']
  install += [scratch / 'nothing', '--require-hashes', '--only-binary=:all:']
  install += [f'--no-binary={name}' for name in _SOURCE_ONLY]
  for lock in sorted(bootstrap.LOCKS.glob('*.txt')):
    for python in bootstrap.PYTHONS:
      what = f'resolving {lock.name} for Python {python}'
      bootstrap.uv(*install, '--python-version', python, '-r', lock, what=what)
    print(f'real_check: {lock.name} for Python {", ".join(bootstrap.PYTHONS)}')


def run(scratch: pathlib.Path) -> None:
  """Runs all checks.

  Args:
    scratch: An empty folder.

  Raises:
    errors.InputError: One fails.
  """
  _check_locks(scratch)
  code = checkout.installed()[checkout.CODE]
  source = checkout.Checkout(scratch / 'model-optimization')
  source.commit('one')
  source.append(checkout.CODE, _FAULT)
  source.commit('two')
  source.append(checkout.CODE, _FAULT)
  top = str(source.top)
  _expect('a commit', _code_of(f'{top}@master~1'), code)
  _expect('a commit with a fault', _code_of(f'{top}@master'), code + _FAULT)
  _expect('an edit', _code_of(top), code + 2 * _FAULT)
  wheel = sources.wheel(f'{top}@master')
  copy = scratch / wheel.name
  copy.write_bytes(wheel.read_bytes())
  _expect('a wheel', _code_of(str(copy)), code + _FAULT)
  setup = (source.top / 'setup.py').read_bytes()
  source.write('setup.py', setup.replace(b'numpy>=1.23', b'numpy<1.20'))
  said = 'there was none'
  try:
    _code_of(top)
  except errors.InputError as error:
    said = str(error)
  _expect('a clash', 'asks for numpy<1.20, the environment has' in said, True)
  os.environ['TFMOT_CLASHES'] = 'ignore'
  _expect('a clash that is ignored', _code_of(top), code + 2 * _FAULT)


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Runs all checks in a scratch folder."""
  del argv
  with tempfile.TemporaryDirectory() as scratch:
    run(pathlib.Path(scratch))


if __name__ == '__main__':
  main(sys.argv[1:])

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

"""Makes .github/CODEOWNERS from the owners of each technique.yaml.

    tools/nox -s codeowners [-- --check]

Who owns a technique is said once, in its technique.yaml. Who owns the float
baselines owns all else, and a technique until there is evidence of it.
"""

import argparse
import pathlib
import sys
from typing import Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tools.base import files
from tools.env import bootstrap

PATH = '.github/CODEOWNERS'
_HEADER = """\
# Made by tools/nox -s codeowners from the owners of each technique.yaml.
"""
_BASELINES = 'baselines'


def text(root: pathlib.Path) -> str:
  """Returns what CODEOWNERS should be.

  Args:
    root: The folder of the project.

  Returns:
    A line for all, and one for each technique; of lines that match, GitHub
    takes the last.

  Raises:
    errors.InputError: A technique.yaml is wrong, or an owner is no account.
  """
  owners = {}
  for path in sorted((root / 'tfmot_contrib').glob('*/technique.yaml')):
    named = claims.read_technique(str(path))['owners']
    if path.parent.name == _BASELINES or measured(path.parent):
      owners[path.parent.name] = named
    for owner in named:
      if not owner.startswith('@') or len(owner.split()) != 1:
        raise errors.InputError(
            f'{path}: the owner {owner!r} is no @user or @organisation/team'
        )
  if _BASELINES not in owners:
    raise errors.InputError(
        f'{root}/tfmot_contrib/{_BASELINES}/technique.yaml is not there:'
        ' restore it with git'
    )
  lines = [('*', owners[_BASELINES])]
  lines += [(f'/tfmot_contrib/{name}/', who) for name, who in owners.items()]
  return _HEADER + ''.join(
      f'{pattern} {" ".join(who)}\n' for pattern, who in lines
  )


def measured(folder: pathlib.Path) -> bool:
  """Returns whether there is evidence of a technique."""
  return any((folder / 'evidence').glob('*.json'))


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Writes or checks CODEOWNERS.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Raises:
    errors.InputError: With --check: it is not what it should be.
  """
  parser = argparse.ArgumentParser(prog='codeowners', description=__doc__)
  parser.add_argument('--check', action='store_true', help='write nothing')
  flags = parser.parse_args(argv)
  path, wanted = root / PATH, text(root)
  if path.is_file() and path.read_text(encoding='utf-8') == wanted:
    return
  if flags.check:
    raise errors.InputError(
        f'{PATH} differs from the owners of the techniques: run tools/nox -s'
        ' codeowners'
    )
  files.write(path, wanted)
  print(f'codeowners: wrote {PATH}')


if __name__ == '__main__':
  main(sys.argv[1:])

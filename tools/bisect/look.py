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

"""Looks into a TFMOT that is unpacked and not installed; it imports nothing.

    tools/nox -s bisect -- --good 0.3.0 --bad 0.8.1 \
        --command 'python3 tools/bisect/look.py {tree} --lacks PruningPolicy'

A probe for `--command`, and an example of one. It fails where TFMOT has a
symbol that it should lack, lacks one that it should have, or has another
default for an argument. For trials of the search `--noise` makes that show in
some runs only, and falsely in others.
"""

import argparse
import ast
import hashlib
import json
import os
import pathlib
import sys
from typing import Iterator, Sequence

_PACKAGE = 'tensorflow_model_optimization'


def _trees(folder: pathlib.Path, text: str = '') -> Iterator[ast.Module]:
  """Yields the modules of a package that have a text in them."""
  for path in sorted((folder / _PACKAGE).rglob('*.py')):
    content = path.read_bytes()
    if text.encode() in content:
      yield ast.parse(content, str(path.relative_to(folder)))


def symbols(folder: pathlib.Path) -> set[str]:
  """Returns the names of all classes, functions and imports of a package."""
  found = set()
  for module in _trees(folder):
    for node in ast.walk(module):
      if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        found.add(node.name)
      elif isinstance(node, ast.ImportFrom):
        found.update(name.asname or name.name for name in node.names)
  return found


def default(folder: pathlib.Path, wanted: str) -> str:
  """Returns the default of an argument of a class.

  Args:
    folder: Where the package is.
    wanted: Such as `PolynomialDecay.power`.

  Returns:
    Its text, or nothing if there is no such argument.
  """
  owner, _, argument = wanted.partition('.')
  for module in _trees(folder, f'class {owner}'):
    for node in module.body:
      if isinstance(node, ast.ClassDef) and node.name == owner:
        for method in node.body:
          if isinstance(method, ast.FunctionDef) and method.name == '__init__':
            arguments, values = method.args.args, method.args.defaults
            tail = arguments[len(arguments) - len(values) :]
            for name, value in zip(tail, values, strict=True):
              if name.arg == argument:
                return ast.unparse(value)
  return ''


def shows(failing: bool, noise: str) -> bool:
  """Tells whether a failure shows in this run.

  Args:
    failing: Whether there is one.
    noise: `SHARE,FALSE_SHARE,KEY`: how often it shows, and falsely, and what
      else than BISECT_SEED the chance of a run depends on.

  Returns:
    Whether it shows. It is the same each time for the same key and seed.
  """
  share, false_share, key = noise.split(',', 2)
  text = f'{key} {os.environ.get("BISECT_SEED", "1")}'
  chance = int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16**12
  return chance < float(share if failing else false_share)


def main(argv: Sequence[str]) -> int:
  """Prints the failures as JSON; returns 1 if there are any."""
  parser = argparse.ArgumentParser(prog='look', description=__doc__)
  parser.add_argument('tree', type=pathlib.Path, help='where the package is')
  parser.add_argument('--lacks', nargs='+', default=[], help='symbols')
  parser.add_argument('--has', nargs='+', default=[], help='symbols')
  parser.add_argument(
      '--default', nargs='+', default=[], help='CLASS.ARGUMENT=VALUE'
  )
  parser.add_argument('--noise', help='SHARE,FALSE_SHARE,KEY: for trials')
  flags = parser.parse_args(argv)
  found = symbols(flags.tree)
  names = {f'has {name}': name in found for name in flags.lacks}
  names |= {f'lacks {name}': name not in found for name in flags.has}
  for text in flags.default:
    wanted, _, value = text.partition('=')
    names[f'{wanted} is not {value}'] = default(flags.tree, wanted) != value
  if flags.noise:
    names = {n: shows(failing, flags.noise) for n, failing in names.items()}
  failures = [name for name, failing in names.items() if failing]
  print(json.dumps({'failures': failures}))
  return 1 if failures else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))

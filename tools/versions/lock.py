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

"""Resolves the requirements into locks with hashes, which name no host.

`tools/nox -s lock` refreshes the locks of the versions in force;
`tools/nox -s lock -- --tfmot 0.8.0` adds the lock of another version. The
environment, the bootstrap and the lint install from these locks and nothing
else.
"""

import argparse
import pathlib
import sys
from typing import Sequence

from tfmot_contrib import errors
from tools.versions import bootstrap
from tools.versions import environment

_REQUIREMENTS = pathlib.Path(__file__).resolve().parent / 'requirements'
_HEADER = """\
# Made by `tools/nox -s lock`. Change {source} and run it again.
"""


def compile_lock(
    source: str, lock: pathlib.Path, extra: Sequence[str], *flags: object
) -> None:
  """Writes `lock`, for every supported Python, from a requirements file.

  Args:
    source: The name of a file in `requirements/`, or '' for `extra` alone.
    lock: The file to write.
    extra: More requirements.
    *flags: More flags of `uv pip compile`.
  """
  lines = list(extra)
  if source:
    lines.append((_REQUIREMENTS / source).read_text(encoding='utf-8'))
  text = bootstrap.run(
      [
          bootstrap.uv(),
          'pip',
          'compile',
          '-q',
          '--universal',
          '--python-version',
          '3.11',
          '--generate-hashes',
          '--no-header',
          '--no-annotate',
          '--no-emit-index-url',
          '--no-emit-find-links',
          *flags,
          '-',
      ],
      f'resolving {lock.name}',
      input='\n'.join(lines),
  )
  text = _HEADER.format(source=source or 'tools/versions/lock.py') + text
  lock.write_text(text, encoding='utf-8')
  print(f'lock: wrote {lock.relative_to(bootstrap.ROOT)}')


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Writes the locks."""
  parser = argparse.ArgumentParser(prog='lock', description=__doc__)
  parser.add_argument('--tensorflow', help='add a lock of this version')
  parser.add_argument('--tfmot', help='add a lock of this version')
  flags = parser.parse_args(argv)
  chosen = environment.settings()
  everything = not (flags.tensorflow or flags.tfmot)
  locks = bootstrap.LOCKS
  if everything:
    for name in ('bootstrap', 'lint', 'npm'):
      compile_lock(f'{name}.in', locks / f'{name}.txt', [])
    base = locks / f'tensorflow-{chosen["tensorflow"]}.txt'
    compile_lock('tools.in', locks / 'tools.txt', [], '--constraints', base)
  if version := flags.tensorflow or everything and chosen['tensorflow']:
    series = version.rsplit('.', 1)[0]
    compile_lock(
        'tensorflow.in',
        locks / f'tensorflow-{version}.txt',
        [f'tensorflow=={version}', f'tf-keras=={series}.*'],
    )
  if version := flags.tfmot or everything and chosen['tfmot']:
    compile_lock(
        '',
        locks / f'tfmot-{version}.txt',
        [f'tensorflow-model-optimization=={version}'],
        '--no-deps',
    )


if __name__ == '__main__':
  main(sys.argv[1:])

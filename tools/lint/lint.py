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

"""Checks the style of every file that git tracks or would track.

Prints `PATH:LINE: RULE message` for each finding, sorted. Exit code 0 says that
there is none, 1 that there are some, 2 that the command is wrong.
"""

import argparse
from concurrent import futures
import os
import pathlib
import sys
import time
from typing import Sequence

from tfmot_contrib import errors
from tools.lint import external
from tools.lint import rules
from tools.versions import bootstrap

# In the order in which --fix runs them: pyink lays out what others changed.
CHECKERS = {
    'rules': rules.run,
    'ruff': external.ruff,
    'pyink': external.pyink,
    'buildifier': external.buildifier,
    'yamllint': external.yamllint,
    'codespell': external.codespell,
}


def list_files(root: pathlib.Path, paths: Sequence[str]) -> list[str]:
  """Lists the files of a repository that git tracks or does not ignore.

  Args:
    root: The root of the repository.
    paths: Files and folders to restrict the list to; all without any.

  Returns:
    Paths relative to the root.

  Raises:
    errors.InputError: A path does not exist or has no such file.
  """
  root = root.resolve()
  everything = bootstrap.run(
      ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
      'listing the files of the repository',
      cwd=root,
  )
  files = sorted(
      name
      for name in set(everything.split('\0')) - {''}
      if (root / name).is_file() and not (root / name).is_symlink()
  )
  if not paths:
    return files
  chosen = set()
  for path in paths:
    if not os.path.exists(path):
      raise errors.InputError(f'no file or folder {path}')
    wanted = pathlib.Path(path).resolve()
    inside = [f for f in files if (root / f).is_relative_to(wanted)]
    if not inside:
      raise errors.InputError(f'{path} has no file that git does not ignore')
    chosen.update(inside)
  return sorted(chosen)


def fix(
    root: pathlib.Path, files: Sequence[str], names: Sequence[str]
) -> list[str]:
  """Mends what the checkers can mend and returns the files that changed."""
  before = {path: (root / path).read_bytes() for path in files}
  for name in names:
    CHECKERS[name](root, files, True)
  return [path for path in files if (root / path).read_bytes() != before[path]]


def check(
    root: pathlib.Path, files: Sequence[str], names: Sequence[str]
) -> list[rules.Finding]:
  """Returns what the checkers find, sorted. They run at the same time."""
  with futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
    running = [pool.submit(CHECKERS[n], root, files, False) for n in names]
    return sorted(finding for task in running for finding in task.result())


def _parser() -> argparse.ArgumentParser:
  """Makes the parser, with what each checker does in the help."""
  what = {rule.name: rule.check.__doc__ for rule in rules.RULES}
  what |= {n: c.__doc__ for n, c in CHECKERS.items() if n != 'rules'}
  lines = [f'  {name:<15} {doc.splitlines()[0]}' for name, doc in what.items()]
  parser = argparse.ArgumentParser(
      prog='lint',
      description=__doc__,
      epilog='what is checked (the settings are in pyproject.toml):\n'
      + '\n'.join(lines),
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument(
      'paths', nargs='*', metavar='PATH', help='files or folders; default: all'
  )
  parser.add_argument(
      '--fix', action='store_true', help='mend what can be mended'
  )
  parser.add_argument(
      '--only',
      action='append',
      choices=CHECKERS,
      help='run this checker alone; may be repeated',
  )
  return parser


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Prints the findings and returns the exit code."""
  flags = _parser().parse_args(argv)
  started = time.monotonic()
  files = list_files(root, flags.paths)
  names = [n for n in CHECKERS if n in (flags.only or CHECKERS)]
  if flags.fix:
    for path in fix(root, files, names):
      print(f'fixed {path}')
  findings = check(root, files, names)
  for finding in findings:
    print(finding)
  seconds = time.monotonic() - started
  plural = '' if len(findings) == 1 else 's'
  count = f'{len(findings)} finding{plural}' if findings else 'clean'
  print(f'lint: {count}, {len(files)} files, {seconds:.1f} s', file=sys.stderr)
  return 1 if findings else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))

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
import functools
import pathlib
import re
import sys
import time
from typing import Any, Sequence

import yaml

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bootstrap
from tools.lint import checks
from tools.lint import external
from tools.lint import ignores
from tools.lint import tree
from tools.lint.rules import documents
from tools.lint.rules import source
from tools.lint.rules import techniques

# By the look of an identifier, the program that explains it.
_EXPLAIN = {
    r'[CEF]\d{4}': ('pylint', '--help-msg={}'),
    r'(?!DOC|DEP)[A-Z]{1,6}\d{3}': ('ruff', 'rule', '{}'),
}


@functools.cache
def described() -> dict[str, dict[str, Any]]:
  """Returns what rules.yaml says: of `rules`, and of `tools` by their codes."""
  path = pathlib.Path(__file__).parent / 'rules.yaml'
  return yaml.safe_load(path.read_text(encoding='utf-8'))


def explain(name: str) -> str:
  """Returns what a rule asks for, why, where that stands, and examples.

  Args:
    name: A rule of ours, or one of ruff or pylint such as F401.

  Returns:
    Some lines of text.

  Raises:
    errors.InputError: There is no such rule.
  """
  rules = described()['rules']
  if rule := rules.get(name):
    parts = [f'{name}\n\n{rule["why"].strip()}\n\nSource: {rule["source"]}']
    for title in ('bad', 'good'):
      example = yaml.safe_dump(rule[title][0], sort_keys=False, width=99)
      parts.append(f'{title.capitalize()}:\n' + re.sub('(?m)^', '  ', example))
    return '\n\n'.join(part.rstrip() for part in parts)
  for pattern, (program, *words) in _EXPLAIN.items():
    if re.fullmatch(pattern, name):
      command = [program, *(word.format(name) for word in words)]
      done = external.run(bootstrap.ROOT, command)
      if not done.returncode:
        return done.stdout.strip()
  raise errors.InputError(
      f'there is no rule {name}: ours are {", ".join(rules)}; those of tools'
      ' have a number such as F401'
  )


def find(
    project: tree.Project, paths: Sequence[str] | None = None
) -> list[tree.Finding]:
  """Returns what all rules and tools find in a project, but exceptions.

  Args:
    project: The project.
    paths: The files to look at; all without any.

  Returns:
    The findings, sorted.
  """
  every = [*checks.RULES, *external.tools()]
  chosen = sorted(project.files) if paths is None else paths
  findings = checks.run(project, every, chosen, checks.Cache())
  left = ignores.without(project, findings, everything=paths is None)
  return [f for f in left if paths is None or f.path in paths]


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Prints the findings and returns the exit code.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 when nothing is found, else 1.
  """
  parser = argparse.ArgumentParser(
      prog='lint',
      description=__doc__,
      epilog='The settings are in pyproject.toml, the rules in docs/lint.md.',
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument(
      'paths', nargs='*', metavar='PATH', help='files or folders; default: all'
  )
  parser.add_argument(
      '--fix', action='store_true', help='mend what can be mended'
  )
  parser.add_argument('--explain', metavar='ID', help='say what a rule is for')
  flags = parser.parse_args(argv)
  if flags.explain:
    print(explain(flags.explain))
    return 0
  started = time.monotonic()
  root = root.resolve()
  given = [str(surroundings.path(path)) for path in flags.paths]
  paths = tree.list_files(root, given)
  if flags.fix:
    for path in checks.fix(root, external.tools(), paths):
      print(f'fixed {path}')
  project = tree.Project(root, tree.list_files(root))
  findings = find(project, paths if given else None)
  for finding in findings:
    print(finding)
  seconds = time.monotonic() - started
  count = f'{len(findings)} finding' + 's' * (len(findings) != 1)
  count = count if findings else 'clean'
  print(f'lint: {count}, {len(paths)} files, {seconds:.1f} s', file=sys.stderr)
  return 1 if findings else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))

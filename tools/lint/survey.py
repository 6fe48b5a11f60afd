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

"""Runs the rules over Official Models, their largest real test, and reports.

    tools/nox -s lint_survey [-- --samples 5]

Writes the generated parts of docs/lint.md: the table of all rules, and how
often each finds something in the mirror. With `--samples` it prints findings
that are drawn at random, to be checked by hand for false alarms.
"""

import argparse
import pathlib
import random
import sys
from typing import Sequence

from tfmot_contrib import errors
from tools.lint import external
from tools.lint import registry
from tools.lint import tree
from tools.mirror import fork
from tools.versions import bootstrap

DOCUMENT = 'docs/lint.md'
# Of the tools, the one whose settings are not of our style.
_TOOLS = ('codespell',)
_CHUNK = 400


def put(text: str, name: str, made: str) -> str:
  """Returns a document with one generated part replaced.

  Args:
    text: The document.
    name: Of the part, which stands between comments.
    made: What to put there.

  Returns:
    The new document.

  Raises:
    errors.InputError: It does not have the part.
  """
  begin, end = f'<!-- {name}:begin -->', f'<!-- {name}:end -->'
  if text.count(begin) != 1 or text.count(end) != 1:
    raise errors.InputError(f'{DOCUMENT} has no lines {begin} and {end}')
  before, rest = text.split(begin)
  return f'{before}{begin}\n{made}\n{end}{rest.split(end)[1]}'


def rules_table() -> str:
  """Returns the table of all rules and tools."""
  lines = ['| rule | what it asks for | source | `--fix` |', '| --- ' * 4 + '|']
  for rule in registry.load().values():
    source = rule.source
    if source.startswith('https://'):
      name = source.rstrip('/').rpartition('/')[2].partition('#')[0]
      source = f'[{name}]({source})'
    first = rule.why.splitlines()[0]
    fix = 'yes' if rule.fix else ''
    lines.append(f'| `{rule.id}` | {first} | {source} | {fix} |')
  for tool in external.TOOLS.values():
    first = tool.check.__doc__.splitlines()[0]
    fix = 'yes' if tool.fixes else ''
    lines.append(f'| `{tool.name}` | {first} | `[tool.{tool.name}]` | {fix} |')
  return '\n'.join(lines)


def survey(root: pathlib.Path) -> dict[str, tuple[int, list[tree.Finding]]]:
  """Returns what rules and tools find in Official Models.

  Args:
    root: The folder that has `official/`.

  Returns:
    By rule, how many files it looked at and what it found.
  """
  names = sorted(
      path.relative_to(root).as_posix()
      for path in (root / 'official').rglob('*')
      if path.is_file() and path.suffix != '.pyc'
  )
  project = tree.Project(root, names)
  found: dict[str, tuple[int, list[tree.Finding]]] = {}
  for rule in registry.load().values():
    files = registry.files_of(rule, project)
    if rule.slow or not files:
      continue
    if rule.project:
      found[rule.id] = len(files), rule.find(project)
    else:
      here = [finding for file in files for finding in rule.find(file)]
      found[rule.id] = len(files), here
  python = [name for name in names if name.endswith('.py')]
  for name in _TOOLS:
    here = []
    for start in range(0, len(python), _CHUNK):
      part = python[start : start + _CHUNK]
      here += external.TOOLS[name].check(root, part, False)
    found[name] = len(python), here
  return found


def survey_table(found: dict[str, tuple[int, list[tree.Finding]]]) -> str:
  """Returns the table of what was found."""
  lines = ['| rule | files | findings | in files |', '| --- ' * 4 + '|']
  for name, (count, findings) in found.items():
    files = len({finding.path for finding in findings})
    lines.append(f'| `{name}` | {count:,} | {len(findings):,} | {files:,} |')
  return '\n'.join(lines)


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Writes the report.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Raises:
    errors.InputError: A flag is wrong, or the document has no such parts.
  """
  parser = argparse.ArgumentParser(prog='lint_survey', description=__doc__)
  parser.add_argument(
      '--samples', type=int, default=0, help='findings to print for each rule'
  )
  parser.add_argument('--seed', type=int, default=1, help='of the samples')
  flags = parser.parse_args(argv)
  if flags.samples < 0:
    raise errors.InputError(f'--samples {flags.samples}: give 0 or more')
  upstream = fork.packages(root)['official'].parent
  found = survey(upstream)
  path = root / DOCUMENT
  text = path.read_text(encoding='utf-8')
  text = put(text, 'rules', rules_table())
  path.write_text(put(text, 'survey', survey_table(found)), encoding='utf-8')
  print(f'lint_survey: wrote {DOCUMENT}')
  for _, findings in found.values():
    draw = random.Random(flags.seed)
    count = min(flags.samples, len(findings))
    for finding in sorted(draw.sample(findings, count)):
      print(finding)


if __name__ == '__main__':
  main(sys.argv[1:])

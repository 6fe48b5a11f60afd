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

"""Says where a technique stands on the way to a release, and what comes next.

    tools/nox -s technique_status -- pruning

The seven steps are those of CONTRIBUTING.md. What a step leaves behind is
looked for; what only people do is told from where it is written down.
"""

import argparse
import json
import pathlib
import re
import sys
from typing import Any, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib import techniques
from tfmot_contrib.convergence import claims
from tools.contributing import codeowners
from tools.env import bootstrap
from tools.env import environment
from tools.evidence import audit
from tools.evidence import rows
from tools.evidence import signatures
from tools.suite import project

_TODO = re.compile(r'\bTODO\b')
_PLACED = re.compile(r'^Placement:(.*\n)+?(?=\n|\Z)', re.MULTILINE)
_PLACEMENT = 'docs/placement.md'
_SHOWN = 12


class Step(NamedTuple):
  """One of the seven.

  Attributes:
    title: Some words.
    left: What is missing; nothing if it is done.
    command: What comes next.
  """

  title: str
  left: tuple[str, ...]
  command: str

  @property
  def done(self) -> bool:
    """Whether nothing is missing."""
    return not self.left


def todos(folder: pathlib.Path) -> list[str]:
  """Returns where a person has yet to say something, as FILE:LINE."""
  found = []
  for path in sorted(folder.rglob('*')):
    if path.is_file() and 'evidence' not in path.relative_to(folder).parts:
      try:
        lines = path.read_text(encoding='utf-8').splitlines()
      except UnicodeDecodeError:
        continue  # Byte code.
      found += [
          f'{path.relative_to(folder)}:{number}'
          for number, line in enumerate(lines, 1)
          if _TODO.search(line)
      ]
  return found


def _rfc(root: pathlib.Path, name: str) -> Step:
  """Step 1: the RFC, and where the example lives."""
  readme = root / 'tfmot_contrib' / name / 'README.md'
  text = readme.read_text(encoding='utf-8') if readme.is_file() else ''
  decisions = (root / _PLACEMENT).read_text(encoding='utf-8')
  line = _PLACED.search(text)
  left = []
  if not line and f'| `{name}` |' not in decisions:
    left.append(f'its README has no line "Placement:", nor {_PLACEMENT} one')
  elif line and _TODO.search(line[0]):
    left.append('the line "Placement:" of its README is not filled in')
  return Step(
      'RFC and placement',
      tuple(left),
      'open an issue with the form "RFC of a technique"; the decision, by the'
      f' criteria of {_PLACEMENT}, goes into the README of the technique',
  )


def _example(root: pathlib.Path, name: str) -> Step:
  """Step 2: the library and the example."""
  folder = root / 'tfmot_contrib' / name
  listed = (root / techniques.PATH).read_text(encoding='utf-8')
  left = []
  if name not in (project.BASELINES, *techniques.parse(listed)):
    left.append(f'it is not entered in {techniques.PATH}')
  if not list(folder.glob('*_test.py')):
    left.append('it has no unit test')
  open_places = todos(folder)
  if open_places:
    more = len(open_places) - _SHOWN
    text = ', '.join(open_places[:_SHOWN])
    left.append(
        f'{len(open_places)} TODOs:'
        f' {text}{f" and {more} more" if more > 0 else ""}'
    )
  return Step(
      'library and example',
      tuple(left),
      'bazel test --build_tests_only --test_tag_filters=-cpu'
      f' //tfmot_contrib/{name}/... (a TFMOT from source:'
      ' --repo_env=TFMOT=PATH@REF)',
  )


def _results(root: pathlib.Path, name: str) -> Step:
  """Step 3: the contributor's results."""
  found = next(t for t in rows.load(root) if t.name == name)
  left, tests = [], []
  for row in found.rows:
    if bad := [v.claim.id for v in row.verdicts if not v.good]:
      left.append(f'{row.test} does not hold {", ".join(bad)}')
    elif not row.run and not row.refused:
      left.append(f'no evidence of {row.test}')
    else:
      continue
    tests.append(row.test)
  if tests:
    command = f'tools/nox -s evidence -- --collect --only {" ".join(tests)}'
  else:
    command = 'tools/nox -s lint && tools/nox -s tests'
  return Step('results of the contributor', tuple(left), command)


def _told(finding: audit.Finding) -> str:
  """Returns what is wrong with signed evidence."""
  where = f'{finding.test} at TFMOT {finding.tfmot}, {finding.what}'
  return f'{where}: {finding.problem}'


def _reproduced(
    root: pathlib.Path, name: str, declared: Any, signed: Sequence[Any]
) -> Step:
  """Step 4: a second party has reproduced them, with any TFMOT."""
  left = []
  for test in declared.get('main') or list(declared['claims']):
    found = [
        finding
        for e in signed
        if (e['test'], e['role']) == (test, signatures.SECOND_PARTY)
        for finding in audit.of_test(root, name, test, e['tfmot'])
        if finding.what == signatures.SECOND_PARTY
    ]
    if not found:
      left.append(f'nobody else has signed {test}')
    elif all(finding.problem for finding in found):
      left.append(_told(found[-1]))
  return Step(
      'reproduced by TFMOT, then approved',
      tuple(left),
      f'TFMOT runs: tools/nox -s reproduce -- {name} --party TEAM',
  )


def _release(root: pathlib.Path, declared: Any) -> Step:
  """Step 5: a stable TFMOT that has it."""
  floor = declared['floor']
  lock = root / 'tools/env/locks' / f'tfmot-{floor}.txt'
  left = [] if lock.is_file() else [f'TFMOT {floor} has no lock yet']
  return Step(
      'stable release of TFMOT',
      tuple(left),
      f'tools/nox -s lock -- --tfmot {floor}; tools/nox -s release_gate --'
      f' --tfmot {floor}',
  )


def _minimum(root: pathlib.Path, name: str, declared: Any) -> Step:
  """Step 6: the minimum version is that release, and was tested."""
  floor = declared['floor']
  # A pin takes no evidence of what takes nothing from TFMOT.
  left = [
      _told(finding)
      for folder, test in audit.main_tests(root)
      if folder == name
      for finding in audit.of_test(root, folder, test, floor)
      if finding.problem
  ]
  return Step(
      'minimum version, final approval',
      tuple(left),
      f'tools/nox -s pin_tfmot -- {floor}; tools/nox -s check_pr --'
      ' pull_request.md --complete',
  )


def _owned(root: pathlib.Path, name: str, declared: Any) -> Step:
  """Step 7: it is released, and owned."""
  text = root / codeowners.PATH
  line = f'/tfmot_contrib/{name}/ {" ".join(declared["owners"])}\n'
  listed = text.is_file() and line in text.read_text(encoding='utf-8')
  used = environment.settings()['tfmot']
  left = [] if listed else [f'{codeowners.PATH} does not name its owners']
  if re.fullmatch(r'\d+(\.\d+)*', used) and _number(used) < _number(
      declared['floor']
  ):
    left.append(f'the environment has TFMOT {used}, below its floor')
  return Step(
      'released and owned',
      tuple(left),
      'tools/nox -s codeowners; after that its owners keep tools/nox -s'
      ' nightly green (MAINTAINING.md)',
  )


def _number(version: str) -> tuple[int, ...]:
  """Returns the parts of a version."""
  return tuple(map(int, version.split('.')))


def steps(root: pathlib.Path, name: str) -> list[Step]:
  """Returns the seven steps of a technique.

  Args:
    root: The folder of the project.
    name: Of the technique.

  Returns:
    The steps in their order.

  Raises:
    errors.InputError: There is no such technique, or its evidence is wrong.
  """
  path = root / 'tfmot_contrib' / name / 'technique.yaml'
  if not path.is_file():
    known = sorted(
        p.parent.name for p in (root / 'tfmot_contrib').glob('*/technique.yaml')
    )
    raise errors.InputError(
        f'there is no technique {name}: it is one of {", ".join(known)}, or'
        f' make it by tools/nox -s new_technique -- {name}'
    )
  declared = claims.read_technique(str(path))
  signed = [e for e in signatures.collect(root) if e['technique'] == name]
  found = [
      _rfc(root, name),
      _example(root, name),
      _results(root, name),
      _reproduced(root, name, declared, signed),
      _release(root, declared),
      _minimum(root, name, declared),
  ]
  last = _owned(root, name, declared)
  if not all(step.done for step in found):
    last = last._replace(left=(*last.left, 'a step above is open'))
  return [*found, last]


def text(name: str, found: Sequence[Step]) -> str:
  """Returns the steps for people, with the command of the first open one."""
  lines = [f'{name}: {sum(s.done for s in found)} of {len(found)} steps', '']
  for number, step in enumerate(found, 1):
    lines.append(f'[{"x" if step.done else " "}] {number}. {step.title}')
    lines += [f'       {missing}' for missing in step.left]
  first = next((s for s in found if not s.done), None)
  lines += ['', f'next: {first.command}' if first else 'nothing is left']
  return '\n'.join(lines)


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Prints where a technique stands.

  Args:
    argv: The command line without the program.
    root: The folder of the project.
  """
  parser = argparse.ArgumentParser(prog='technique_status', description=__doc__)
  parser.add_argument('name', metavar='NAME')
  parser.add_argument('--json', action='store_true', help='for machines')
  flags = parser.parse_args(argv)
  found = steps(root, flags.name)
  if flags.json:
    print(json.dumps([s._asdict() | {'done': s.done} for s in found], indent=1))
  else:
    print(text(flags.name, found))


if __name__ == '__main__':
  main(sys.argv[1:])

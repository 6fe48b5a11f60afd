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

"""READMEs of techniques: their sections, what they state, their tables."""

import json
import re
import subprocess
import sys
from typing import Iterator

from tfmot_contrib import errors
from tools.lint import registry
from tools.lint import tree
from tools.versions import bootstrap

_README = 'tfmot_contrib/*/README.md'
_YAML = 'tfmot_contrib/*/technique.yaml'
SECTIONS = (
    'Description',
    'History',
    'Maintainers',
    'Table of contents',
    'Requirements',
    'Results',
    'Dataset',
    'Training',
    'Evaluation',
    'References',
    'License',
    'Citation',
)
_TECHNIQUE = 'name: a\nowners: ["@x/y"]\nfloor: 0.8.0\n'


def _example(sections: tuple[str, ...], floor: str = '0.8.0') -> registry.Files:
  """Returns a technique with a README of some sections."""
  text = '# A\n' + ''.join(f'\n## {s}\n\nText.\n' for s in sections)
  return {
      'tfmot_contrib/a/technique.yaml': _TECHNIQUE,
      'tfmot_contrib/a/README.md': text.replace(
          '## Requirements\n\nText.',
          f'## Requirements\n\nTFMOT {floor} or later. Seed 1, the locks in\n'
          '`tools/versions/locks/`.',
      ),
  }


def _headings(file: tree.File) -> list[tuple[int, str]]:
  """Returns lines and titles of the sections of a document."""
  return [
      (number, line.removeprefix('## ').strip())
      for number, line in enumerate(file.lines, 1)
      if line.startswith('## ')
  ]


def section(file: tree.File, title: str) -> tuple[int, str]:
  """Returns the line of a section and its text, or 1 and ''."""
  start = file.line_of(f'## {title}')
  if not file.lines[start - 1].startswith(f'## {title}'):
    return 1, ''
  body = file.lines[start:]
  end = next((i for i, s in enumerate(body) if s.startswith('## ')), len(body))
  return start, '\n'.join(body[:end])


@registry.project_rule(
    'readme-sections',
    on=(_README, _YAML),
    source=registry.TEMPLATE,
    bad=(
        _example(SECTIONS[:-1]),
        _example((*SECTIONS[1:], SECTIONS[0])),
        {'tfmot_contrib/a/technique.yaml': _TECHNIQUE},
    ),
    good=(_example(SECTIONS),),
)
def check_readme_sections(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """A technique's README has the sections of the template, in its order.

  A reader finds results, data and commands at the same place everywhere.
  """
  for folder in project.techniques:
    file = project.get(f'{folder}/README.md')
    if not file:
      yield f'{folder}/technique.yaml', 1, 'no README.md beside it'
      continue
    headings = _headings(file)
    titles = [title for _, title in headings]
    for title in SECTIONS:
      if title not in titles:
        yield file.path, 1, f'no section {title}'
    ours = [title for title in titles if title in SECTIONS]
    wanted = [title for title in SECTIONS if title in ours]
    for (line, title), expected in zip(
        [h for h in headings if h[1] in SECTIONS], wanted, strict=False
    ):
      if title != expected:
        yield file.path, line, f'section {title} where {expected} belongs'
        break


@registry.project_rule(
    'readme-environment',
    on=(_README, _YAML),
    source=registry.TEMPLATE,
    bad=(
        _example(SECTIONS, '0.7.0'),
        {
            'tfmot_contrib/a/technique.yaml': _TECHNIQUE,
            'tfmot_contrib/a/README.md': '# A\n\n## Requirements\n\nPython.\n',
        },
    ),
    good=(_example(SECTIONS),),
)
def check_readme_environment(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """Requirements name the locks, and the minimum TFMOT of technique.yaml.

  Whoever reproduces a number needs the versions that it was made with. What
  does not need TFMOT says so.
  """
  for folder in project.techniques:
    file = project.get(f'{folder}/README.md')
    if not file:
      continue
    line, text = section(file, 'Requirements')
    flat = ' '.join(text.split())
    if 'tools/versions/locks/' not in flat:
      yield file.path, line, 'Requirements do not name tools/versions/locks/'
    data = project.yaml(f'{folder}/technique.yaml')
    floor = str(data.get('floor', ''))
    for found in re.findall(r'TFMOT (\d+\.\d+\.\d+)', flat):
      if found != floor:
        yield file.path, line, (
            f'Requirements say TFMOT {found}, technique.yaml {floor}'
        )
    if 'TFMOT' not in flat:
      yield file.path, line, f'Requirements do not say TFMOT {floor} or later'


_EVIDENCE = 'tools.lint.evidence_worker'


@registry.project_rule(
    'results-evidence',
    on=(
        'README.md',
        'docs/*.svg',
        'tfmot_contrib/**/*.json',
        'tfmot_contrib/**/*.md',
        'tfmot_contrib/*/evidence/**',
        'tfmot_contrib/*/references/**',
        'tfmot_contrib/*/technique.yaml',
        'tfmot_contrib/convergence/*.py',
        'tools/lint/evidence_worker.py',
        'tools/evidence/*.py',
    ),
    slow=True,
    source=registry.DESIGN,
    bad=(
        {
            'README.md': '# A\n',
            'tfmot_contrib/README.md': '# A\n',
            'tfmot_contrib/baselines/technique.yaml': _TECHNIQUE,
        },
        {
            'README.md': '<!-- evidence:begin -->\n<!-- evidence:end -->\n',
            'tfmot_contrib/README.md': '# A\n',
            'tfmot_contrib/baselines/technique.yaml': 'name: [\n',
        },
    ),
    good=({'docs/a.md': '# Nothing with evidence\n'},),
)
def check_results_evidence(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """Result tables and plots are what the committed evidence makes of them.

  A number that was typed, or is of an older run, is no result.
  """
  if not project.techniques:
    return
  done = subprocess.run(
      [sys.executable, '-m', _EVIDENCE, str(project.root)],
      cwd=bootstrap.ROOT,
      capture_output=True,
      text=True,
      check=False,
  )
  if done.returncode == 2:
    message = done.stderr.strip().removeprefix('error: ')
    place = re.search(r'[\w./-]+\.(?:json|md|yaml)', message)
    path = place[0] if place else ''
    path = path.removeprefix(f'{project.root}/')
    path = path if path in project.files else 'README.md'
    yield path, 1, message
    return
  if done.returncode:
    said = ' | '.join(done.stderr.strip().splitlines()[-3:])
    raise errors.InputError(f'comparing the tables failed: {said}')
  for path, line in json.loads(done.stdout):
    yield path, line, 'differs from the evidence: tools/nox -s evidence'

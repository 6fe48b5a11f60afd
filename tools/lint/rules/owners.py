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

"""Owners: said once in technique.yaml, and the same everywhere else."""

import re
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import readme

_YAML = 'tfmot_contrib/*/technique.yaml'
_OWNERS = '.github/CODEOWNERS'
_PLACE = 'tfmot_contrib/a/'
_RECORDS = 'tfmot_contrib/*/evidence/*.json'
_TECHNIQUE = {
    f'{_PLACE}technique.yaml': 'name: a\nowners: ["@x/y", "@z"]\n',
    f'{_PLACE}evidence/m_one.json': '{}\n',
}
_UNTRIED = {
    name: text for name, text in _TECHNIQUE.items() if 'm_one' not in name
}


def _owners(project: tree.Project, folder: str) -> list[str]:
  """Returns the owners of a technique."""
  found = project.yaml(f'{folder}/technique.yaml').get('owners')
  return [str(owner) for owner in found] if isinstance(found, list) else []


@registry.project_rule(
    'codeowners',
    on=(_YAML, _OWNERS, _RECORDS),
    source=registry.TFMOT,
    bad=(
        _TECHNIQUE,
        {**_TECHNIQUE, _OWNERS: '/tfmot_contrib/a/ @z\n'},
        {
            **_TECHNIQUE,
            _OWNERS: '/tfmot_contrib/a/ @x/y @z\n/tfmot_contrib/b/ @z\n',
        },
    ),
    good=(
        {**_TECHNIQUE, _OWNERS: '* @z\n/tfmot_contrib/a/ @x/y @z\n'},
        {**_UNTRIED, _OWNERS: '* @z\n'},
    ),
)
def check_codeowners(project: tree.Project) -> Iterator[tuple[str, int, str]]:
  """CODEOWNERS names the owners of each technique.yaml, and no other folder.

  GitHub asks for the review of whom CODEOWNERS names. A technique enters it
  with its first evidence.
  """
  file = project.get(_OWNERS)
  found: dict[str, tuple[int, list[str]]] = {}
  for number, line in enumerate(file.lines if file else (), 1):
    words = line.partition('#')[0].split()
    if words and words[0].startswith('/tfmot_contrib/'):
      found[words[0].strip('/')] = (number, words[1:])
  for folder in project.techniques:
    number, owners = found.pop(folder, (1, []))
    wanted = _owners(project, folder)
    if not owners and not project.glob(f'{folder}/evidence/*.json'):
      continue
    if owners != wanted:
      path = _OWNERS if file else f'{folder}/technique.yaml'
      says = ' '.join(owners) or 'nobody'
      yield path, number, (
          f'{folder} is owned by {" ".join(wanted) or "nobody"}, {_OWNERS} says'
          f' {says}'
      )
  for folder, (number, _) in found.items():
    yield _OWNERS, number, f'{folder} is no technique'


def _readme(text: str) -> registry.Files:
  return {**_TECHNIQUE, f'{_PLACE}README.md': f'# A\n\n## Maintainers\n{text}'}


@registry.project_rule(
    'maintainers',
    on=(_YAML, 'tfmot_contrib/*/README.md'),
    source=registry.TEMPLATE,
    bad=(_readme('\n@x/y\n'), _readme('\n@x/y, @z, @w\n')),
    good=(_readme('\n@x/y, @z\n'),),
)
def check_maintainers(project: tree.Project) -> Iterator[tuple[str, int, str]]:
  """The maintainers of a README are the owners of its technique.yaml."""
  for folder in project.techniques:
    file = project.get(f'{folder}/README.md')
    if not file:
      continue
    line, text = readme.section(file, 'Maintainers')
    named = re.findall(r'@[\w/-]+', text)
    wanted = _owners(project, folder)
    if sorted(named) != sorted(wanted):
      yield file.path, line, (
          f'maintainers are {" ".join(named) or "nobody"}, owners'
          f' {" ".join(wanted) or "nobody"}'
      )

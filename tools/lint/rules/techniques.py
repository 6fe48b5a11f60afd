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

"""A technique: its folder, README, owners and experiments."""

import json
import re
from typing import Any, Iterator

from tfmot_contrib import errors
from tfmot_contrib import techniques
from tools.lint import checks
from tools.lint import external
from tools.lint import tree

_YAML, _README = 'tfmot_contrib/*/technique.yaml', 'tfmot_contrib/*/README.md'
_CONFIGS, _PYTHON = 'tfmot_contrib/*/configs/*.yaml', 'tfmot_contrib/**/*.py'
_OWNERS = '.github/CODEOWNERS'
_PARTS = ('README.md', 'BUILD', '__init__.py', 'experiments.py')
# Of Official Models' template.
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
_Found = Iterator[tuple[Any, ...]]


def _readmes(
    project: tree.Project,
) -> Iterator[tuple[tree.File, dict[str, Any]]]:
  """Yields the README of each technique, and what its technique.yaml says."""
  for folder, data in project.techniques.items():
    if file := project.files.get(f'{folder}/README.md'):
      yield file, data


def _section(file: tree.File, title: str) -> str:
  """Returns the text of a section on one line, or ''."""
  found = re.search(rf'(?ms)^## {title}$(.*?)(?=^## |\Z)', file.text)
  return ' '.join(found[1].split()) if found else ''


@checks.rule('readme-sections', on=(_README, _YAML))
def check_readme_sections(project: tree.Project) -> _Found:
  """Finds READMEs without the sections of the template, in its order."""
  for file, _ in _readmes(project):
    titles = re.findall(r'(?m)^## (.*?) *$', file.text)
    for title in SECTIONS:
      if title not in titles:
        yield file.path, 1, f'no section {title}'
    ours = [title for title in titles if title in SECTIONS]
    if ours != (wanted := sorted(ours, key=SECTIONS.index)):
      yield file.path, 1, f'the order of the sections is {", ".join(wanted)}'


@checks.rule('readme-environment', on=(_README, _YAML))
def check_readme_environment(project: tree.Project) -> _Found:
  """Finds Requirements without the locks and the floor."""
  for file, data in _readmes(project):
    text = _section(file, 'Requirements')
    line = file.line_of('## Requirements')
    if not re.search(r'tools/\w+/locks/', text):
      yield file.path, line, 'Requirements do not name the locks'
    floor = str(data.get('floor', ''))
    if 'TFMOT' not in text:
      yield file.path, line, f'Requirements do not say TFMOT {floor} or later'
    for version in re.findall(r'TFMOT (\d+\.\d+\.\d+)', text):
      if version != floor:
        message = f'Requirements say TFMOT {version}, technique.yaml {floor}'
        yield file.path, line, message


@checks.rule('maintainers', on=(_README, _YAML))
def check_maintainers(project: tree.Project) -> _Found:
  """Finds READMEs with other maintainers than technique.yaml."""
  for file, data in _readmes(project):
    named = re.findall(r'@[\w/-]+', _section(file, 'Maintainers'))
    owners = data.get('owners') or []
    if sorted(named) != sorted(owners):
      yield file.path, file.line_of('## Maintainers'), (
          f'maintainers are {named}, the owners of technique.yaml {owners}'
      )


@checks.rule(
    'codeowners', on=(_YAML, _OWNERS, 'tfmot_contrib/*/evidence/*.json')
)
def check_codeowners(project: tree.Project) -> _Found:
  """Finds folders with other owners in CODEOWNERS than in technique.yaml."""
  file = project.files.get(_OWNERS)
  found: dict[str, tuple[int, list[str]]] = {}
  for number, line in enumerate(file.lines if file else (), 1):
    words = line.partition('#')[0].split()
    if words and words[0].startswith('/tfmot_contrib/'):
      found[words[0].strip('/')] = (number, words[1:])
  for folder, data in project.techniques.items():
    number, owners = found.pop(folder, (1, []))
    if not owners and not project.glob(f'{folder}/evidence/*.json'):
      continue  # It enters with its first evidence.
    if owners != (wanted := data.get('owners') or []):
      yield _OWNERS, number, f'{folder} has {owners}, its owners are {wanted}'
  for folder, (number, _) in found.items():
    yield _OWNERS, number, f'{folder} is no technique'


@checks.rule(
    'technique-folder',
    on=('tfmot_contrib/*/*', 'tfmot_contrib/*/configs/*', techniques.PATH),
)
def check_technique_folder(project: tree.Project) -> _Found:
  """Finds techniques whose README, configs, tests and claims differ."""
  for file in project.glob('tfmot_contrib/*/configs/*'):
    folder = file.folder.removesuffix('/configs')
    if folder not in project.techniques:
      yield file.path, 1, f'{folder} has configs and no technique.yaml'
  file = project.files.get(techniques.PATH)
  listed = [*(techniques.parse(file.text) if file else ()), 'baselines']
  for folder, data in project.techniques.items():
    path, name = f'{folder}/technique.yaml', folder.rpartition('/')[2]
    if data.get('name') != name:
      yield path, 1, f'name is {data.get("name")}, the folder {name}'
    for part in _PARTS:
      if f'{folder}/{part}' not in project.files:
        yield path, 1, f'no {part} beside it'
    if name not in listed:
      yield path, 1, f'{techniques.PATH} does not list it'
    yield from _targets(project, folder, data)


def _targets(
    project: tree.Project, folder: str, data: dict[str, Any]
) -> _Found:
  """Compares claims, targets, configs and README of a technique."""
  path, build = f'{folder}/technique.yaml', f'{folder}/BUILD'
  tests = {
      rule.name: rule
      for rule in project.build
      if (rule.package, rule.kind) == (folder, 'convergence_test')
  }
  claims = set(data.get('claims') or ())
  for name in sorted(claims - {*tests}):
    line = project.files[path].line_of(f'  {name}:')
    yield path, line, f'claims of {name}, which no convergence_test makes'
  for name in sorted({*tests} - claims):
    yield build, tests[name].line, f'{name} has no claims in technique.yaml'
  used = {rule.attributes.get('config') for rule in tests.values()} - {None}
  here = {f.path for f in project.glob(f'{folder}/configs/*.yaml')}
  here = {config.removeprefix(f'{folder}/') for config in here}
  readme = project.files.get(f'{folder}/README.md')
  for config in sorted(used - here):
    yield build, 1, f'there is no {config}'
  for config in sorted(here - used - {'configs/smoke.yaml'}):
    yield f'{folder}/{config}', 1, 'no convergence_test uses it'
  for config in sorted(used & here):
    if readme and config not in readme.text:
      yield readme.path, 1, f'does not tell of {config}'


def _experiments(project: tree.Project) -> dict[str, list[str]]:
  """Returns the configs and the experiments that each must fit.

  Args:
    project: The project.

  Returns:
    By path, the experiments of the convergence tests that name the config. One
    that no test names, such as smoke.yaml, must fit those of all tests of its
    folder.
  """
  named: dict[str, set[str]] = {}
  for rule in project.build:
    experiment = rule.attributes.get('experiment')
    if rule.kind in ('convergence_test', 'control') and experiment:
      config = rule.attributes.get('config')
      for key in (rule.package, f'{rule.package}/{config}'):
        named.setdefault(key, set()).add(experiment)
  return {
      file.path: sorted(
          named.get(file.path)
          or named.get(file.folder.removesuffix('/configs'), ())
      )
      for file in project.glob(_CONFIGS)
  }


@checks.rule(
    'config-loads',
    'registry-reachable',
    'registered-config',
    'unique-experiment',
    'task-base',
    on=(
        _CONFIGS,
        _PYTHON,
        techniques.PATH,
        'tfmot_contrib/*/BUILD',
        'official/upstream.lock',
    ),
)
def check_experiments(project: tree.Project) -> _Found:
  """Asks the registry of Official Models, in a process with TensorFlow."""
  wanted = _experiments(project)
  for path in (path for path, names in wanted.items() if not names):
    yield path, 1, 'no convergence_test of its BUILD file uses it'
  modules = [
      file.path.removesuffix('.py').replace('/', '.')
      for file in project.glob(_PYTHON)
      if not file.path.endswith('_test.py')
      and ('register' in file.text or 'ExperimentConfig' in file.text)
  ]
  request = json.dumps({'configs': wanted, 'modules': modules})
  words = ['python', '-m', 'tools.lint.experiments_worker']
  done = external.run(project.root, words, request)
  try:
    yield from json.loads(done.stdout.strip().splitlines()[-1])
  except (ValueError, IndexError) as error:
    said = ' | '.join(done.stderr.strip().splitlines()[-3:])
    message = f'loading the experiments failed: {said}'
    raise errors.InputError(message) from error

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

"""Dependencies: packages in the requirements, modules in the BUILD files."""

import re
import sys
import tomllib
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_ON = ('tfmot_contrib/**/*.py', 'tools/**/*.py')
_REQUIREMENTS = 'tools/versions/requirements/{}.in'
# What no requirement names: the project, the mirror, and the setting TFMOT.
_GIVEN = {
    'official',
    'orbit',
    'tensorflow',
    'tensorflow_model_optimization',
    'tfmot_contrib',
    'tools',
}
_IN = {_REQUIREMENTS.format('tensorflow'): 'numpy\npyyaml\n'}
_MAP = {
    'pyproject.toml': (
        '[tool.tfmot_models.lint.distributions]\nyaml = "pyyaml"\n'
    )
}


def _canonical(name: str) -> str:
  """Returns a distribution's name as the requirements are compared."""
  return re.sub(r'[-_.]+', '-', name).lower()


def _declared(project: tree.Project, name: str) -> set[str]:
  """Returns the distributions of a requirements file."""
  file = project.get(_REQUIREMENTS.format(name))
  lines = (line.partition('#')[0] for line in (file.lines if file else ()))
  return {
      _canonical(found[0])
      for line in lines
      if (found := re.match(r'[\w.-]+', line.strip()))
  }


@registry.project_rule(
    'declared-import',
    on=(*_ON, 'tools/versions/requirements/*.in', 'pyproject.toml'),
    source=registry.PAPER,
    bad=(
        {'tfmot_contrib/a.py': headers.example('import torch\n'), **_IN},
        {'tools/a.py': headers.example('import yaml\n'), **_IN},
        {
            'tfmot_contrib/a.py': headers.example('import tomlkit\n'),
            _REQUIREMENTS.format('tools'): 'tomlkit\n',
        },
    ),
    good=(
        {
            'tfmot_contrib/a.py': headers.example(
                'import os\n\nimport numpy as np\nimport yaml\n'
            ),
            **_IN,
            **_MAP,
        },
    ),
)
def check_declared_import(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """What is imported stands in the requirements of its layer.

  A package that is there by accident, as what another one needs, is gone after
  an upgrade. `tfmot_contrib/` has those of tensorflow.in only.
  """
  file = project.get('pyproject.toml')
  settings = tomllib.loads(file.text or '') if file else {}
  lint = settings.get('tool', {}).get('tfmot_models', {}).get('lint', {})
  names = lint.get('distributions', {})
  training = _declared(project, 'tensorflow') | {'tensorflow'}
  tools = training | _declared(project, 'tools')
  for file in project.glob(*_ON):
    allowed = tools if file.path.startswith('tools/') else training
    for line, module, _ in tree.imports(file):
      top = module.split('.')[0]
      if top in sys.stdlib_module_names or top in _GIVEN:
        continue
      distribution = _canonical(names.get(top, top))
      if distribution not in allowed:
        yield file.path, line, (
            f'{top} ({distribution}) is in no requirements of this folder'
        )


_LIBRARY = 'py_library(name = "{0}", srcs = ["{0}.py"], deps = [{1}])\n'
_A = {
    'tools/p/a.py': headers.example('from tools.p import b\n'),
    'tools/p/b.py': headers.example('"""B."""\n'),
}


def _source(rule: object) -> list[str]:
  """Returns the paths of the sources of a rule."""
  from tools.base import build_files

  sources = rule.attributes.get('srcs')
  labels = sources if isinstance(sources, list) else []
  full = [build_files.absolute(rule.package, str(label)) for label in labels]
  paths = [label.removeprefix('//').replace(':', '/') for label in full]
  return [path.lstrip('/') for path in paths]


@registry.project_rule(
    'build-deps',
    on=(*_ON, '**/BUILD', 'BUILD'),
    source=registry.CONTRIBUTING,
    bad=(
        {**_A, 'tools/p/BUILD': _LIBRARY.format('b', '')},
        {
            **_A,
            'tools/p/BUILD': (
                _LIBRARY.format('a', '') + _LIBRARY.format('b', '')
            ),
        },
    ),
    good=(
        {
            **_A,
            'tools/p/BUILD': (
                _LIBRARY.format('a', '":b"') + _LIBRARY.format('b', '')
            ),
        },
    ),
)
def check_build_deps(project: tree.Project) -> Iterator[tuple[str, int, str]]:
  """Every Python file is in a target, whose deps have what the file imports.

  Bazel runs a test again when a dependency changes: one that it does not know
  of leaves a stale green. What comes by way of another target counts too.
  """
  from tools.base import build_files

  python = [r for r in project.build if r.kind.startswith('py_')]
  by_label = {rule.label: rule for rule in project.build}
  owners: dict[str, list[object]] = {}
  for rule in python:
    for path in _source(rule):
      owners.setdefault(path, []).append(rule)

  def reached(rule: object) -> set[str]:
    """Returns the sources that a target sees, its own included."""
    seen: set[str] = set()
    waiting, files = [rule.label], set()
    while waiting:
      label = waiting.pop()
      if label in seen:
        continue
      seen.add(label)
      if other := by_label.get(label):
        files.update(_source(other))
        for part in ('deps', 'data'):
          values = other.attributes.get(part)
          waiting += [
              build_files.absolute(other.package, str(v))
              for v in (values if isinstance(values, list) else ())
          ]
    return files

  for file in project.glob(*_ON):
    if file.name == '__init__.py':
      continue
    rules = owners.get(file.path)
    if not rules:
      yield file.path, 1, 'in the srcs of no target of a BUILD file'
      continue
    seen = set().union(*map(reached, rules))
    for line, target in project.imported[file.path]:
      if target not in seen and not target.endswith('/__init__.py'):
        yield file.path, line, f'{rules[0].label} does not depend on {target}'

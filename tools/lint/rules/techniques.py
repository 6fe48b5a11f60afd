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

"""A technique's folder: all of its parts, and a task that means something."""

import ast
import re
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_ON = (
    'tfmot_contrib/*/BUILD',
    'tfmot_contrib/*/README.md',
    'tfmot_contrib/*/configs/*',
    'tfmot_contrib/*/technique.yaml',
    'tfmot_contrib/*/*.py',
    'tfmot_contrib/registry_imports.py',
    'tfmot_contrib/techniques.bzl',
)
_PARTS = ('README.md', 'BUILD', '__init__.py', 'experiments.py')
_IMPORTS = 'tfmot_contrib/registry_imports.py'
_BUILD = 'convergence_test(name = "m_one", config = "configs/one.yaml")\n'
_WHOLE = {
    'tfmot_contrib/a/technique.yaml': 'name: a\nclaims:\n  m_one: []\n',
    'tfmot_contrib/a/README.md': '# A\n\n[one](configs/one.yaml)\n',
    'tfmot_contrib/a/BUILD': _BUILD,
    'tfmot_contrib/a/__init__.py': '',
    'tfmot_contrib/a/a.py': '"""A."""\n',
    'tfmot_contrib/a/a_test.py': '"""Tests A."""\n',
    'tfmot_contrib/a/experiments.py': '"""Registers."""\n',
    'tfmot_contrib/a/configs/one.yaml': 'task: {}\n',
    'tfmot_contrib/a/configs/smoke.yaml': 'task: {}\n',
    _IMPORTS: 'from tfmot_contrib.a import experiments\n',
}


def _without(path: str) -> registry.Files:
  """Returns the example of a whole technique without a file."""
  return {name: text for name, text in _WHOLE.items() if name != path}


@registry.project_rule(
    'technique-folder',
    on=_ON,
    source=registry.CONTRIBUTING,
    bad=(
        _without('tfmot_contrib/a/README.md'),
        _without('tfmot_contrib/a/technique.yaml'),
        _without('tfmot_contrib/a/configs/one.yaml'),
        _without('tfmot_contrib/a/a_test.py'),
        {**_WHOLE, 'tfmot_contrib/a/configs/two.yaml': 'task: {}\n'},
        {**_WHOLE, 'tfmot_contrib/a/BUILD': _BUILD.replace('m_one', 'm_two')},
        {**_WHOLE, 'tfmot_contrib/a/technique.yaml': 'name: b\nclaims: {}\n'},
        {**_WHOLE, _IMPORTS: '"""Nothing."""\n'},
    ),
    good=(_WHOLE,),
)
def check_technique_folder(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """Technique, README, configs, tests and Bazel targets are one to one.

  A claim without a test proves nothing, a test without a claim tests nothing,
  and a config that no test uses rots.
  """
  experiments = {f.folder for f in project.glob('tfmot_contrib/*/configs/*')}
  folders = {f.removesuffix('/configs') for f in experiments}
  for folder in sorted(folders - set(project.techniques)):
    path = project.glob(f'{folder}/configs/*')[0].path
    yield path, 1, f'{folder} has configs and no technique.yaml'
  imported = {t for _, t in project.imported.get(_IMPORTS, ())}
  for folder in project.techniques:
    path = f'{folder}/technique.yaml'
    data = project.yaml(path)
    name = folder.rpartition('/')[2]
    if data.get('name') != name:
      yield path, 1, f'name is {data.get("name")}, the folder {name}'
    for part in _PARTS:
      if f'{folder}/{part}' not in project.files:
        yield path, 1, f'no {part} beside it'
    if f'{folder}/experiments.py' not in imported:
      yield path, 1, f'{_IMPORTS} does not import its experiments'
    own = {f.name for f in project.glob(f'{folder}/*.py')}
    code = own - {'__init__.py', 'experiments.py', 'recipes.py'}
    if code and not any(n.endswith('_test.py') for n in code):
      yield path, 1, 'no unit test'
    yield from _targets(project, folder, data)


def _targets(
    project: tree.Project, folder: str, data: dict[str, object]
) -> Iterator[tuple[str, int, str]]:
  """Compares claims, targets, configs and README of a technique."""
  path = f'{folder}/technique.yaml'
  build = project.get(f'{folder}/BUILD')
  tests = {
      str(rule.attributes.get('name')): rule
      for rule in project.build
      if rule.package == folder and rule.kind == 'convergence_test'
  }
  claims = set(data.get('claims') or ())
  for name in sorted(claims - set(tests)):
    line = project.files[path].line_of(f'  {name}:')
    yield path, line, f'claims of {name}, which no convergence_test makes'
  for name in sorted(set(tests) - claims):
    yield f'{folder}/BUILD', tests[name].line, (
        f'{name} has no claims in technique.yaml'
    )
  if not build:
    return
  used = {str(r.attributes.get('config')) for r in tests.values()} - {'None'}
  here = {f'configs/{f.name}' for f in project.glob(f'{folder}/configs/*.yaml')}
  readme = project.get(f'{folder}/README.md')
  for config in sorted(used - here):
    yield build.path, build.line_of('config'), f'there is no {config}'
  for config in sorted(here - used - {'configs/smoke.yaml'}):
    yield f'{folder}/{config}', 1, 'no convergence_test uses it'
  for config in sorted(used & here):
    if readme and config not in (readme.text or ''):
      yield readme.path, 1, f'does not tell of {config}'


_TRIVIAL = re.compile(
    r'(?<![a-z])(?:[kq]|e|fashion_|fashion-)?mnist(?![a-z])'
    r'|load_(?:digits|iris|wine|breast_cancer)|make_(?:moons|blobs)',
    re.IGNORECASE,
)


@registry.file_rule(
    'trivial-task',
    on=('tfmot_contrib/**/*.py', 'tfmot_contrib/**/*.yaml', 'official/**/*.py'),
    source=registry.TFMOT,
    bad=registry.texts(
        (
            'tfmot_contrib/a.py',
            headers.example(
                'import tensorflow_datasets as tfds\n\n'
                "DATA = tfds.load('fashion_mnist')\n"
            ),
        ),
        ('tfmot_contrib/a.yaml', 'task:\n  data:\n    tfds_name: mnist\n'),
        (
            'tfmot_contrib/b.py',
            headers.example('X = tf_keras.datasets.mnist.load_data()\n'),
        ),
    ),
    good=registry.texts(
        (
            'tfmot_contrib/a.py',
            headers.example('"""Harder than MNIST."""\n\nX = \'cifar10\'\n'),
        ),
    ),
)
def check_trivial_task(file: tree.File) -> Iterator[tuple[int, str]]:
  """No MNIST and none of its look-alikes: the task is a realistic one.

  Any compression keeps a model that a linear one could replace. TFMOT asks for
  an example of Official Models' size.
  """
  if not _TRIVIAL.search(file.text):
    return
  if not file.path.endswith('.py'):
    for number, line in enumerate(file.lines, 1):
      if found := _TRIVIAL.search(line.partition('#')[0]):
        yield number, f'{found[0]} is a trivial task'
    return
  documents = {
      id(node.body[0].value)
      for node in file.nodes
      if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
      and node.body
      and isinstance(node.body[0], ast.Expr)
  }
  for node in file.nodes:
    word = ''
    if isinstance(node, ast.Constant) and id(node) not in documents:
      word = node.value if isinstance(node.value, str) else ''
    elif isinstance(node, ast.Attribute):
      word = node.attr
    elif isinstance(node, ast.alias):
      word = node.name
    if found := _TRIVIAL.search(word):
      yield node.lineno, f'{found[0]} is a trivial task'

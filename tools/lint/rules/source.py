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

"""Python: the order of imports, Keras, training loops, tests, BUILD files."""

import ast
import itertools
import os
import sys
from typing import Iterator

from tools.base import build_files
from tools.base import git
from tools.lint import checks
from tools.lint import tree

_PYTHON = ('tfmot_contrib/**/*.py', 'tools/**/*.py')
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_Found = Iterator[tuple[str, int, str]]


def _key(node: ast.Import | ast.ImportFrom) -> tuple[int, str, str]:
  """Returns the section of an import (0 to 2), its module and its name."""
  module, name = node.names[0].name, ''
  if isinstance(node, ast.ImportFrom):
    module, name = '.' * node.level + (node.module or ''), module
  top = module.split('.')[0]
  section = (top != '__future__') + (top not in sys.stdlib_module_names)
  return section, module.lower(), name.lower()


@checks.rule('import-order', on=('**/*.py',))
def check_import_order(project: tree.Project) -> _Found:
  """Finds imports in another order than that of the style guide."""
  for file in project.glob('**/*.py'):
    body = file.syntax.body
    imports = [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    for before, node in itertools.pairwise(imports):
      old, new = _key(before), _key(node)
      adjacent = before.end_lineno + 1 == node.lineno
      if new[0] < old[0] or adjacent and new < old:
        message = f'the import of {new[1]} belongs before {old[1]}'
        yield file.path, node.lineno, message
      elif adjacent and new[0] != old[0]:
        message = f'no blank line before the import of {new[1]}'
        yield file.path, node.lineno, message


@checks.rule('legacy-keras', on=_PYTHON)
def check_legacy_keras(project: tree.Project) -> _Found:
  """Finds tf_keras beside TensorFlow; ruff finds other Keras (TID251)."""
  for file in project.glob(*_PYTHON):
    lines = {
        node.lineno: [alias.name for alias in node.names]
        for node in file.syntax.body
        if isinstance(node, ast.Import)
    }
    has_both = any('tensorflow' in names for names in lines.values())
    for line, names in lines.items():
      if has_both and 'tf_keras' in names and names[0] != 'tensorflow':
        yield file.path, line, 'write import tensorflow as tf, tf_keras'


@checks.rule('gradient-tape', on=_PYTHON)
def check_gradient_tape(project: tree.Project) -> _Found:
  """Finds training loops of one's own."""
  for file in project.glob(_PYTHON[0]):
    tapes = [
        node
        for node in file.nodes
        if isinstance(node, ast.Attribute) and node.attr == 'GradientTape'
    ]
    allowed: set[ast.AST] = set()
    for node in file.nodes if tapes else ():
      if isinstance(node, _FUNCTION) and node.name.endswith('train_step'):
        allowed.update(ast.walk(node))
    for node in tapes if not file.path.endswith('_test.py') else ():
      if node not in allowed:
        yield file.path, node.lineno, 'GradientTape outside of train_step'


@checks.rule('test-runs-something', on=('**/*_test.py',))
def check_test_runs_something(project: tree.Project) -> _Found:
  """Finds tests that never run; ruff finds two of one name (F811)."""
  for file in project.glob('**/*_test.py'):
    inherited, count = False, 0
    for node in file.nodes:
      if not isinstance(node, ast.ClassDef):
        continue
      names = [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
      tests = sum(name.startswith('test') for name in names)
      count += tests
      if tests and not node.bases:
        message = f'{node.name} is no TestCase: its tests never run'
        yield file.path, node.lineno, message
      bases = {ast.unparse(base).rpartition('.')[2] for base in node.bases}
      inherited |= any(name.endswith(('Test', 'TestBase')) for name in bases)
    if not count and not inherited:
      message = 'no test method: the file passes and tests nothing'
      yield file.path, 1, message


@checks.rule('sibling-test', on=_PYTHON)
def check_sibling_test(project: tree.Project) -> _Found:
  """Finds modules with functions that no test of their folder imports."""
  tested: set[str] = set()
  for file in project.glob(*_PYTHON):
    if file.path.endswith('_test.py'):
      tested |= project.closure(file.path, f'{file.folder}/')
  for file in project.glob(*_PYTHON):
    if file.path.endswith(('_test.py', 'testing.py', '/__init__.py')):
      continue
    defines = any(isinstance(n, ast.FunctionDef) for n in file.nodes)
    sibling = file.path.removesuffix('.py') + '_test.py'
    if defines and sibling not in project.files and file.path not in tested:
      yield file.path, 1, f'no {sibling.rpartition("/")[2]} beside it'


def _sources(rule: build_files.Rule) -> set[str]:
  """Returns the paths of the sources of a rule."""
  labels = rule.attributes.get('srcs')
  return {
      build_files.absolute(rule.package, label).strip('/').replace(':', '/')
      for label in (labels if isinstance(labels, list) else ())
  }


@checks.rule('build-deps', on=(*_PYTHON, '**/BUILD'))
def check_build_deps(project: tree.Project) -> _Found:
  """Finds imports that Bazel does not know of."""
  by_label = {rule.label: rule for rule in project.build}
  owners: dict[str, list[build_files.Rule]] = {}
  for rule in project.build:
    if rule.kind.startswith('py_'):
      for path in _sources(rule):
        owners.setdefault(path, []).append(rule)

  def reached(rule: build_files.Rule) -> set[str]:
    """Returns the sources that a target sees, its own included."""
    seen: set[str] = set()
    waiting, paths = [rule.label], set()
    while waiting:
      label = waiting.pop()
      if label not in seen and label in by_label:
        other = by_label[label]
        paths |= _sources(other)
        for part in ('deps', 'data'):
          labels = other.attributes.get(part)
          labels = labels if isinstance(labels, list) else ()
          waiting += [build_files.absolute(other.package, x) for x in labels]
      seen.add(label)
    return paths

  for file in project.glob(*_PYTHON):
    if file.path.endswith('/__init__.py'):
      continue
    if file.path not in owners:
      yield file.path, 1, 'in the srcs of no target of a BUILD file'
      continue
    seen = set().union(*map(reached, owners[file.path]))
    for target, line in project.imported[file.path]:
      if target not in seen and not target.endswith('/__init__.py'):
        label = owners[file.path][0].label
        yield file.path, line, f'{label} does not depend on {target}'


@checks.rule('line-endings', on=('**',))
def check_line_endings(project: tree.Project) -> _Found:
  """Finds files whose lines end as a setting of git says."""
  which = ('--cached', '--others', '--exclude-standard')
  what = 'reading .gitattributes'
  done = git.run(project.root, 'ls-files', '-z', '--eol', *which, what=what)
  for entry in os.fsdecode(done.stdout).split('\0'):
    attributes, _, path = entry.partition('\t')
    if path and '/-text' not in attributes and 'eol=lf' not in attributes:
      yield path, 1, 'has neither -text nor eol=lf in .gitattributes'

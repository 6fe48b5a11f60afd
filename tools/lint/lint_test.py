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

"""Tests the command in a scratch repository, with the project's own rules."""

import contextlib
import io
import pathlib
import subprocess

from absl.testing import absltest

from tools.lint import external
from tools.lint import headers
from tools.lint import lint


class LintTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path).resolve()
    subprocess.run(['git', 'init', '-q'], cwd=self.root, check=True)
    self.write('.gitattributes', '* -text\n')
    self.enter_context(contextlib.chdir(self.root))
    # Without tools to install: lint_check runs them.
    names = ('whitespace', 'license-header')
    own = [t for t in external.tools() if t.name.startswith(names)]
    self.enter_context(
        absltest.mock.patch.object(external, 'tools', return_value=own)
    )

  def write(self, path, text):
    """Writes a file of the scratch repository."""
    (self.root / path).parent.mkdir(parents=True, exist_ok=True)
    (self.root / path).write_text(text, encoding='utf-8')

  def run_lint(self, *argv):
    """Returns the exit code and what was printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      try:
        code = lint.main(argv, self.root)
      except SystemExit as end:
        code = end.code
    self.assertNotIn('Traceback', err.getvalue())
    return code, out.getvalue() + err.getvalue()

  def test_clean(self):
    self.write('a.md', '# One\n')
    code, said = self.run_lint()
    self.assertEqual(code, 0)
    self.assertRegex(said, r'\Alint: clean, 2 files, [\d.]+ s\n\Z')

  def test_findings_and_paths(self):
    self.write('b/a.md', 'x \n')
    self.write('a.md', 'x\n\n')
    self.write('ignored.md', 'x \n')
    self.write('.gitignore', 'ignored.md\n')
    code, said = self.run_lint()
    self.assertEqual(code, 1)
    lines = said.splitlines()
    self.assertStartsWith(lines[0], 'a.md:1: whitespace not one')
    self.assertStartsWith(lines[1], 'b/a.md:1: whitespace a tab')
    self.assertIn('lint: 2 findings, 4 files', lines[2])
    code, said = self.run_lint('b')
    self.assertEqual(code, 1)
    self.assertNotIn('\na.md', f'\n{said}')
    self.assertIn('lint: 1 finding, 1 files', said)

  def test_fix(self):
    self.write('a.md', 'x \n')
    self.write('tools/a.bzl', '"""Rules."""\n')
    code, said = self.run_lint('--fix', 'a.md')
    self.assertEqual((code, said.splitlines()[0]), (0, 'fixed a.md'))
    code, said = self.run_lint('--fix')
    self.assertEqual((code, said.splitlines()[0]), (0, 'fixed tools/a.bzl'))
    self.assertStartsWith(
        (self.root / 'tools/a.bzl').read_text(), headers.with_header('')
    )

  def test_wrong_commands(self):
    self.write('.gitignore', 'ignored\n')
    self.write('ignored', '')
    for argv, message in (
        (['gone'], 'error: no file or folder '),
        (['ignored'], 'has no file that git does not ignore'),
        (['--explain=gone'], 'error: there is no rule gone: ours are license'),
        (['--wrong'], 'unrecognized arguments: --wrong'),
    ):
      code, said = self.run_lint(*argv)
      self.assertEqual(code, 2, argv)
      self.assertIn(message, said)

  def test_explain(self):
    for name, rule in lint.described()['rules'].items():
      code, said = self.run_lint('--explain', name)
      self.assertEqual(code, 0)
      self.assertStartsWith(said, f'{name}\n\n{rule["why"][:20]}')
      for part in ('Source: ', 'Bad:\n  ', 'Good:\n  '):
        self.assertIn(f'\n\n{part}', said)

  def test_explain_of_a_tool(self):
    program = self.root / 'ruff'
    program.write_text('#!/bin/sh\necho "$*"\n[ "$2" != X999 ]\n')
    program.chmod(0o755)
    with absltest.mock.patch.object(
        external, 'folders', return_value=[self.root]
    ):
      self.assertEqual(self.run_lint('--explain=F401'), (0, 'rule F401\n'))
      code, said = self.run_lint('--explain=X999')
    self.assertEqual(code, 2)
    self.assertIn('there is no rule X999', said)


if __name__ == '__main__':
  absltest.main()

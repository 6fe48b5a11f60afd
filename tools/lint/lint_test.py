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

"""Tests the rules of this project and the command, in a scratch repository."""

import contextlib
import io
import os
import pathlib
import subprocess
import tempfile

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import lint
from tools.lint import rules

_HEADER = rules.add_header('')
_LINES = _HEADER.count('\n')
_CLEAN_TEST = f"""{_HEADER}
import os

from absl.testing import absltest

if __name__ == '__main__':
  absltest.main()
"""


class LintTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.root = pathlib.Path(scratch.name).resolve()
    subprocess.run(['git', 'init', '-q'], cwd=self.root, check=True)
    self.enterContext(contextlib.chdir(self.root))

  def write(self, path, text):
    """Writes a file of the scratch repository."""
    (self.root / path).parent.mkdir(parents=True, exist_ok=True)
    (self.root / path).write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )

  def lint(self, *argv):
    """Returns the exit code and what is printed to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      try:
        code = lint.main(['--only=rules', *argv], self.root)
      except SystemExit as error:
        code = error.code
    return code, out.getvalue().splitlines(), err.getvalue()

  @parameterized.parameters(
      ('a.py', 'x = 1\n', 'a.py:1: license-header'),
      ('a.py', '', 'a.py:1: license-header'),
      ('a.bzl', '"""Rules."""\n', 'a.bzl:1: license-header'),
      ('run', '#!/bin/sh\ntrue\n', 'run:1: license-header'),
      ('a.py', _HEADER.replace('20', '19', 1), 'a.py:1: license-header'),
      ('a.md', 'One\ntwo \n', 'a.md:2: whitespace space at'),
      ('a.yaml', 'a:\n\tb: 1\n', 'a.yaml:2: whitespace tab'),
      ('a.toml', 'a = 1\nb = 2', 'a.toml:2: whitespace no newline'),
      ('a.md', 'One\n\n', 'a.md:2: whitespace empty line'),
      (
          'a_test.py',
          f'{_HEADER}\nX = 1\n',
          f'a_test.py:{_LINES + 2}: test-main',
      ),
      ('d/a.md', 'One\nsee py' + 'pi.org\n', 'd/a.md:2: private-name'),
      (
          'a.txt',
          'https://files.pytho' + 'nhosted.org/',
          'a.txt:1: private-name',
      ),
      (
          'a.json',
          '{"a": "https://registry.np' + 'mjs.org"}\n',
          'a.json:1: priv',
      ),
      ('a.cfg', 'deb.debi' + 'an.org', 'a.cfg:1: private-name'),
      ('a.md', '\n/home' + '/someone/x\n', 'a.md:2: private-name'),
      ('a.py', _HEADER + 'x = 1\n' * 500, 'a.py:500: file-length'),
      (
          'a.py',
          f'{_HEADER}import os\nimport ast\n',
          f'a.py:{_LINES + 2}: import-order the import of ast',
      ),
      (
          'a.py',
          f'{_HEADER}import numpy\n\nimport os\n',
          f'a.py:{_LINES + 3}: import-order the import of os',
      ),
      (
          'a.py',
          f'{_HEADER}import os\nimport numpy\n',
          f'a.py:{_LINES + 2}: import-order no blank line',
      ),
  )
  def test_finds(self, path, text, expected):
    self.write(path, text)
    code, out, err = self.lint()
    self.assertEqual(code, 1)
    self.assertLen(out, 1)
    self.assertStartsWith(out[0], expected)
    self.assertIn('lint: 1 finding', err)

  @parameterized.parameters(
      ('a_test.py', _CLEAN_TEST),
      ('__init__.py', _HEADER),
      ('up.py', _HEADER.replace('TFMOT Models', 'TensorFlow')),
      ('run', f'#!/bin/sh\n{_HEADER}true\n'),
      ('a.md', '# Title\n\nUse /tmp/x or ~/x or https://a.org/home/b/c.\n'),
      ('a.patch', '-a\t\n+b \n'),
      ('a.png', b'\x89PNG\0 /home' + b'/someone/x'),
      ('a.py', f'{_HEADER}import tensorflow as tf, tf_keras\n\nimport a.b\n'),
      ('a.py', f'{_HEADER}def broken(:\n'),
      ('empty.md', ''),
  )
  def test_finds_nothing_in_a_clean_file(self, path, text):
    self.write(path, text)
    self.assertEqual(self.lint()[:2], (0, []))

  def test_ignored_files_are_not_looked_at(self):
    self.write('.gitignore', '/made/\n')
    self.write('made/a.py', 'x = 1\n')
    os.symlink('made/a.py', self.root / 'link.py')
    self.assertEqual(self.lint()[:2], (0, []))

  def test_deleted_files_are_not_looked_at(self):
    self.write('a.py', 'x = 1\n')
    subprocess.run(['git', 'add', 'a.py'], cwd=self.root, check=True)
    (self.root / 'a.py').unlink()
    self.assertEqual(self.lint()[:2], (0, []))

  def test_findings_are_sorted_by_path_and_line(self):
    self.write('b.md', 'x \n' * 12)
    self.write('a.py', '')
    _, out, _ = self.lint()
    places = [line.split(' ')[0] for line in out]
    lines = [f'b.md:{n}:' for n in range(1, 13)]
    self.assertEqual(places, ['a.py:1:', *lines])

  def test_paths_restrict_what_is_checked(self):
    for path in ('a/x.py', 'b/x.py', 'bb/x.py'):
      self.write(path, '')
    _, out, _ = self.lint('b', 'bb/x.py')
    places = [line.split(':')[0] for line in out]
    self.assertEqual(places, ['b/x.py', 'bb/x.py'])

  @parameterized.parameters('gone.py', '.git')
  def test_a_path_without_files_is_an_error_of_one_line(self, path):
    code, out, err = self.lint(path)
    self.assertEqual((code, out), (2, []))
    self.assertRegex(err, rf'\Aerror: .*{path}.*\n\Z')

  def test_fix_mends_and_the_next_run_is_clean(self):
    self.write('a.py', '"""Doc."""\n')
    self.write('empty.py', '')
    self.write('run', '#!/bin/sh\ntrue\n')
    self.write('a.md', 'One \n\ttwo\n\n\n')
    self.write('clean.md', 'One\n')
    code, out, _ = self.lint('--fix')
    fixed = ['fixed a.md', 'fixed a.py', 'fixed empty.py', 'fixed run']
    self.assertEqual((code, out), (0, fixed))
    self.assertEqual(self.lint('--fix')[:2], (0, []))
    for path, text in (
        ('a.py', f'{_HEADER}\n"""Doc."""\n'),
        ('empty.py', _HEADER),
        ('a.md', 'One\n  two\n'),
        ('run', f'#!/bin/sh\n{_HEADER}\ntrue\n'),
    ):
      self.assertEqual((self.root / path).read_text(), text)

  def test_fix_leaves_another_copyright_alone(self):
    text = '# Copyright 2024 Somebody Else.\n'
    self.write('a.py', text)
    code, out, _ = self.lint('--fix')
    self.assertEqual(code, 1)
    self.assertStartsWith(out[0], 'a.py:1: license-header')
    self.assertEqual((self.root / 'a.py').read_text(), text)

  def test_every_checker_and_rule_is_in_the_help(self):
    code, out, _ = self.lint('--help')
    text = '\n'.join(out)
    self.assertEqual(code, 0)
    for rule in rules.RULES:
      self.assertRegex(text, rf'  {rule.name} +\w')
    for name in lint.CHECKERS:
      self.assertIn(name, text)


if __name__ == '__main__':
  absltest.main()

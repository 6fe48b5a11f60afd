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
import json
import os
import pathlib
import subprocess

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import external
from tools.lint import lint
from tools.lint import registry
from tools.lint.rules import headers

_HEADER = headers.example('')
_OWN = [f'--rule={n}' for n, rule in registry.load().items() if not rule.slow]


class LintTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = pathlib.Path(self.create_tempdir().full_path).resolve()
    self.root, self.cache = scratch / 'root', scratch / 'cache.json'
    self.root.mkdir()
    self.git('init', '-q')
    self.write('.gitattributes', '* -text\n')
    self.enterContext(contextlib.chdir(self.root))

  def git(self, *arguments):
    """Runs git in the scratch repository."""
    who = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    subprocess.run(['git', *who, *arguments], cwd=self.root, check=True)

  def write(self, path, text):
    """Writes a file of the scratch repository."""
    (self.root / path).parent.mkdir(parents=True, exist_ok=True)
    (self.root / path).write_text(text, encoding='utf-8')

  def run_lint(self, *argv):
    """Returns the exit code and what is printed to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      try:
        code = lint.main(argv, self.root, self.cache)
      except SystemExit as error:
        code = error.code
    return code, out.getvalue().splitlines(), err.getvalue()

  def lint(self, *argv):
    """Runs the rules of this project that start no process."""
    return self.run_lint(*_OWN, *argv)

  def test_findings_are_sorted_by_path_and_line(self):
    self.write('b.md', 'x \n' * 12)
    self.write('a.py', '')
    code, out, err = self.lint()
    places = [line.split(' ')[0] for line in out]
    lines = [f'b.md:{n}:' for n in range(1, 13)]
    self.assertEqual((code, places), (1, ['a.py:1:', *lines]))
    self.assertIn('lint: 13 findings, 3 files', err)

  def test_ignored_and_deleted_files_are_not_looked_at(self):
    self.write('.gitignore', '/made/\n')
    self.write('made/a.py', 'x = 1\n')
    os.symlink('made/a.py', self.root / 'link.py')
    self.write('gone.py', 'x = 1\n')
    self.git('add', 'gone.py')
    (self.root / 'gone.py').unlink()
    self.assertEqual(self.lint()[:2], (0, []))

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

  def test_changed_since(self):
    self.write('old.py', '')
    self.write('edited.py', '')
    self.git('add', '.')
    self.git('commit', '-q', '-m', 'first')
    self.write('edited.py', '\n')
    self.write('new.py', '')
    _, out, _ = self.lint('--changed-since=HEAD')
    places = [line.split(':')[0] for line in out]
    self.assertEqual(places, ['edited.py', 'new.py'])
    code, out, err = self.lint('--changed-since=nowhere')
    self.assertEqual((code, out), (2, []))
    self.assertStartsWith(err, 'error: comparing with nowhere failed')

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
        ('clean.md', 'One\n'),
    ):
      self.assertEqual((self.root / path).read_text(), text)

  def test_json_and_github(self):
    self.write('a.md', 'x \n')
    _, out, _ = self.lint('--format=json')
    self.assertEqual(
        json.loads('\n'.join(out)),
        [{
            'path': 'a.md',
            'line': 1,
            'rule': 'whitespace',
            'message': 'space at the end of the line',
        }],
    )
    _, out, _ = self.lint('--format=github')
    self.assertEqual(
        out,
        [
            '::error file=a.md,line=1,title=whitespace::space at the end of'
            ' the line'
        ],
    )
    self.write('a.md', 'x\n')
    self.assertEqual(self.lint('--format=json')[1], ['[]'])

  def test_one_rule_alone(self):
    self.write('a.py', 'import os\nimport ast\n')
    _, out, _ = self.run_lint('--rule=import-order')
    self.assertLen(out, 1)
    self.assertStartsWith(out[0], 'a.py:2: import-order')

  def test_an_unknown_rule_is_an_error_of_one_line(self):
    for flag in ('--rule=no-such', '--explain=no-such'):
      code, _, err = self.run_lint(flag)
      self.assertEqual(code, 2)
      self.assertRegex(err, r'\Aerror: there is no rule no-such.*\n\Z')

  def test_an_exception_beside_the_line(self):
    mark = '# lint: ' + 'ignore[import-order] They are a pair.'
    self.write('a.py', f'{_HEADER}import os\n{mark}\nimport ast\n')
    self.assertEqual(self.lint()[:2], (0, []))
    self.write('a.py', f'{_HEADER}import os\n{mark[:-20]}\nimport ast\n')

  def test_every_rule_is_listed_and_explained(self):
    _, out, _ = self.run_lint('--list')
    names = [line.split()[0] for line in out]
    self.assertEqual(names, [*registry.RULES, *external.TOOLS])
    for name in names:
      code, out, _ = self.run_lint(f'--explain={name}')
      self.assertEqual((code, out[0]), (0, name))
    _, out, _ = self.run_lint('--explain=trivial-task')
    text = '\n'.join(out)
    for words in ('Source: http', 'Bad: ', 'Good: ', 'linear one'):
      self.assertIn(words, text)

  @parameterized.parameters(
      ('F401', 'ruff'),
      ('D205', 'ruff'),
      ('E1101', 'pylint'),
      ('DOC101', 'pydoclint'),
      ('E501', 'ruff'),
  )
  def test_a_rule_of_a_tool(self, code, tool):
    choice = lint.choose([code])
    self.assertEqual((list(choice.tools), choice.codes), ([tool], {code}))


if __name__ == '__main__':
  absltest.main()

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

"""Tests what is run again and what is not, and what is accepted."""

import dataclasses
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.lint import checks
from tools.lint import ignores
from tools.lint import tree

_MARK = 'lint: ' + 'ignore[{}] {}'
_ACCEPTED = """\
[[tool.tfmot_models.lint.exceptions]]
what = "t"
where = "{}"
reason = "Why."
by = "@me"
"""


class ChecksTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.cache = pathlib.Path(self.create_tempdir().full_path) / 'a/c.json'
    self.calls = []
    self.check = checks.Check('t', self.find, ('**/*.py',))
    self.write('a.py', 'import b\n')
    self.write('b.py', 'x = 1\n')

  def write(self, path, text):
    """Writes a file of the project."""
    (self.root / path).write_text(text, encoding='utf-8')

  def find(self, project, paths):
    """Stands for a tool: finds something in each file."""
    self.calls += paths
    return [tree.Finding(p, 1, 't', project.files[p].text) for p in paths]

  def project(self):
    """Returns the project as it is now."""
    return tree.Project(self.root, sorted(p.name for p in self.root.iterdir()))

  def run_check(self, paths=None, **fields):
    """Returns the files that the check was run on, and the findings' paths."""
    self.calls = []
    project = self.project()
    chosen = paths or sorted(project.files)
    check = dataclasses.replace(self.check, **fields)
    cache = checks.Cache(self.cache)
    found = checks.run(project, [check], chosen, cache)
    return sorted(self.calls), sorted(f.path for f in found)

  def test_only_what_changed_is_run_again(self):
    both = ['a.py', 'b.py']
    self.assertEqual(self.run_check(), (both, both))
    self.assertEqual(self.run_check(), ([], both))
    self.write('b.py', 'x = 2\n')
    self.assertEqual(self.run_check(['a.py']), ([], ['a.py']))
    self.assertEqual(self.run_check(), (['b.py'], both))

  def test_what_it_imports_counts_where_that_matters(self):
    self.run_check(scope=checks.IMPORTS)
    self.write('b.py', 'x = 2\n')
    calls, _ = self.run_check(scope=checks.IMPORTS)
    self.assertEqual(calls, ['a.py', 'b.py'])
    self.write('a.py', 'import b  # Same.\n')
    calls, _ = self.run_check(scope=checks.IMPORTS)
    self.assertEqual(calls, ['a.py'])

  def test_modules_that_import_each_other_are_told_apart(self):
    self.write('b.py', 'import a\n')
    _, found = self.run_check(scope=checks.IMPORTS)
    self.assertEqual(found, ['a.py', 'b.py'])
    self.assertEqual(self.run_check(scope=checks.IMPORTS), ([], found))

  def test_all_files_together(self):
    both = ['a.py', 'b.py']
    self.assertEqual(self.run_check(scope=checks.PROJECT), (both, both))
    self.assertEqual(self.run_check(scope=checks.PROJECT), ([], both))
    self.write('c.md', '')
    self.assertEqual(self.run_check(['c.md'], scope=checks.PROJECT), ([], []))
    self.write('b.py', 'x = 2\n')
    calls, _ = self.run_check(['a.py'], scope=checks.PROJECT)
    self.assertEqual(calls, both)

  def test_what_it_reads_besides_counts(self):
    self.write('s.json', '{}')
    self.run_check(also=('*.json',))
    self.assertEqual(self.run_check(also=('*.json',))[0], [])
    self.write('s.json', '{ }')
    self.assertEqual(self.run_check(also=('*.json',))[0], ['a.py', 'b.py'])

  @parameterized.parameters('{"a": [', '[]', '')
  def test_a_broken_cache_counts_as_empty(self, text):
    self.cache.parent.mkdir()
    self.cache.write_text(text)
    self.assertLen(self.run_check()[0], 2)
    self.assertLen(self.run_check()[0], 0)

  def test_what_another_process_found_is_kept(self):
    first, second = checks.Cache(self.cache), checks.Cache(self.cache)
    for cache, key in ((first, 'a'), (second, 'b')):
      cache.put(key, [tree.Finding('a.py', 1, 't', key)])
      cache.save()
    third = checks.Cache(self.cache)
    self.assertEqual(third.get('a'), [tree.Finding('a.py', 1, 't', 'a')])
    self.assertEqual(third.get('b'), [tree.Finding('a.py', 1, 't', 'b')])
    self.assertIsNone(third.get('c'))

  def test_it_is_divided_and_nothing_is_lost(self):
    for number in range(40):
      self.write(f'm{number}.py', '')
    calls, found = self.run_check(parts=2)
    self.assertLen(calls, 42)
    self.assertEqual(calls, found)

  def test_mended(self):
    def mend(root, paths):
      for path in paths:
        (root / path).write_text('x = 1\n')

    check = dataclasses.replace(self.check, fix=mend)
    changed = checks.fix(self.root, [self.check, check], ['a.py', 'b.py'])
    self.assertEqual(changed, ['a.py'])

  @parameterized.parameters(
      ('a.py', '**/*.py', True),
      ('a/b/c.py', '**/*.py', True),
      ('a/b.py', '*.py', False),
      ('a/b/c.md', 'a/**', True),
      ('a/b/c.md', 'a/*', False),
      ('a.pyc', '**/*.py', False),
  )
  def test_globs(self, path, glob, expected):
    check = dataclasses.replace(self.check, on=(glob,))
    self.assertEqual(check.of([path]), [path] * expected)

  def left(self, path, text, line, everything=False):
    """Returns what is left of a finding in a file."""
    self.write(path, text)
    finding = tree.Finding(path, line, 't', 'm')
    found = ignores.without(self.project(), [finding], everything)
    return [(f.rule, f.line) for f in found]

  @parameterized.parameters(
      ('c.py', '# {}\nx = 1\n', 2, True),
      ('c.py', '# {}\nx = 1\n', 1, True),
      ('c.py', 'x = 1  # {}\n', 1, True),
      ('c.py', 'x = 1  # {}\n', 2, False),
      ('c.md', '<!-- {} -->\nx\n', 2, True),
      ('c.md', '    <!-- {} -->\nx\n', 2, False),
      ('c.py', 'x = "{}"\n', 1, False),
  )
  def test_exceptions_beside_a_line(self, path, text, line, accepted):
    left = self.left(path, text.format(_MARK.format('t', 'Why.')), line)
    self.assertEqual(left, [] if accepted else [('t', line)])
    left = self.left(path, text.format(_MARK.format('u', 'Why.')), line)
    self.assertEqual(left, [('t', line)])
    left = self.left(path, text.format(_MARK.format('t', '')), line)
    self.assertEqual(left, [('t', line)])

  def test_idle_exceptions(self):
    text = f'# {_MARK.format("t", "Why.")}\nx = 1\n'
    self.assertEqual(self.left('c.py', text, 2, everything=True), [])
    left = [('ignore-reason', 1), ('t', 3)]
    self.assertEqual(self.left('c.py', text, 3, everything=True), left)
    self.assertEqual(self.left('c.py', text, 3), left[1:])

  def test_exceptions_of_whole_files(self):
    self.write('pyproject.toml', _ACCEPTED.format('c.py'))
    self.assertEqual(self.left('c.py', '', 1, everything=True), [])
    self.assertEqual(self.left('d.py', '', 1), [('t', 1)])
    with self.assertRaisesRegex(errors.InputError, 'pyproject.toml.* t in c.p'):
      self.left('d.py', '', 1, everything=True)


if __name__ == '__main__':
  absltest.main()

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

"""Tests the globs of the pin: examples, errors, and that they mean git's."""

import pathlib
import subprocess
import tempfile

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import pin

_FOLDERS = ('', 'a/', 'b/', 'a/b/', 'a/a/', 'a/b/c/', '.a/', 'a]/', '*/')
_FILES = (
    'a',
    'b',
    'ab',
    'ab.py',
    '.py',
    '-',
    '!',
    '^',
    ']',
    '[',
    '*',
    '?',
    '[a]',
)
_PATHS = sorted({folder + name for folder in _FOLDERS for name in _FILES})
# A name cannot be a file and a folder.
_PATHS = [p for p in _PATHS if not any(q.startswith(f'{p}/') for q in _PATHS)]

_PART = st.one_of(
    st.sampled_from(['**', '*', '***', '?', '*.py', '.*', 'a**b', '**a', 'a']),
    st.text('ab*?.-]!', min_size=1, max_size=3),
).filter(lambda part: part not in ('.', '..'))
_GLOB = st.lists(_PART, min_size=1, max_size=4).map('/'.join)


def _select(names, include, exclude=()):
  source = pin.Source('folder', 'x')
  chosen = pin.Pin(source, '', tuple(include), tuple(exclude))
  return chosen.select(names, 'upstream 1.0')


class GlobTest(parameterized.TestCase):
  names = ['orbit/b.py', 'official/a.py', 'official/a_test.py', 'LICENSE']

  def test_chooses_and_sorts(self):
    include = ['orbit/**', 'official/**', '*/a.py']
    self.assertEqual(
        _select(reversed(self.names), include),
        ['official/a.py', 'official/a_test.py', 'orbit/b.py'],
    )
    self.assertEqual(
        _select(iter(self.names), include, ['**/*_test.py', '*/a*']),
        ['orbit/b.py'],
    )
    self.assertEqual(_select(self.names, []), [])

  @parameterized.parameters(
      (['official/**', 'official/*.txt'], [], 'official/*.txt', 'include'),
      (['official'], [], 'official', 'include'),
      (['official/'.upper() + '**'], [], 'OFFICIAL/**', 'include'),
      (['official/**'], ['*/a.py', '*.md'], '*.md', 'exclude'),
      (['official/**'], ['orbit/**'], 'orbit/**', 'exclude'),
  )
  def test_glob_that_matches_nothing_is_an_error(
      self, include, exclude, glob, key
  ):
    with self.assertRaises(errors.InputError) as caught:
      _select(self.names, include, exclude)
    told = str(caught.exception)
    self.assertStartsWith(told, f'the glob {glob!r} of [files] {key} matches')
    self.assertIn('upstream 1.0', told)
    self.assertIn('mend it in official/upstream.toml', told)
    self.assertNotIn('\n', told)

  def test_one_exclude_may_take_what_another_takes(self):
    self.assertEqual(
        _select(self.names, ['official/*'], ['**/a*', '**/a.py']), []
    )

  @parameterized.parameters(
      (
          'official/**',
          'official/a.py official/a/b/c.py',
          'official xofficial/a',
      ),
      ('official/*', 'official/a.py official/.x', 'official/a/b official'),
      ('**/*.py', 'a.py a/b.py a/b/.py', 'a.pyc a/b.py/c'),
      ('a/**/b', 'a/b a/x/b a/x/y/b', 'a/xb ab a/b/c xa/b'),
      ('a/**/**', 'a/b a/b/c', 'a b/a'),
      ('a**b', 'ab axxb', 'a/b a/x/b'),
      ('***/b', 'b a/b a/b/b', 'ab'),
      ('**', 'a a/b', ''),
      ('a?c', 'abc aéc a.c', 'ac a/c abbc'),
      ('a.b', 'a.b', 'axb'),
      ('(a|b)+', '(a|b)+', 'a aa'),
      ('a b é', 'a b é', ''),
  )
  def test_examples(self, glob, meant, others):
    whole = [meant] if ' ' in glob else meant.split()
    self.assertEqual(_select([*whole, *others.split()], [glob]), sorted(whole))

  @parameterized.parameters(
      '', '/a', 'a/', 'a//b', 'a/../b', '..', 'a\\b', '[a-z]', 'x['
  )
  def test_glob_of_another_form_is_refused(self, glob):
    with self.assertRaisesRegex(errors.InputError, 'is none: write it') as e:
      _select(['a'], [glob])
    self.assertIn(repr(glob), str(e.exception))


class GitTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    scratch = tempfile.TemporaryDirectory()
    cls.addClassCleanup(scratch.cleanup)
    cls.folder = pathlib.Path(scratch.name).resolve()
    git.configure(cls.folder)
    rows = ''.join(f'100644 {"1" * 40}\t{path}\n' for path in _PATHS)
    cls.git('update-index', '--add', '--index-info', stdin=rows)

  @classmethod
  def git(cls, *arguments, stdin=''):
    """Returns what git prints in the repository with all the paths."""
    return subprocess.run(
        ['git', *arguments],
        cwd=cls.folder,
        input=stdin,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=git.environ(cls.folder),
    ).stdout

  def git_names(self, glob):
    """Returns what git finds, without what a glob means as a plain name."""
    found = self.git('ls-files', '-z', '--', f':(top,glob){glob}').split('\0')
    return {
        path
        for path in found[:-1]
        if path != glob and not path.startswith(f'{glob}/')
    }

  def test_all_paths_are_there(self):
    self.assertEqual(self.git('ls-files', '-z').split('\0')[:-1], _PATHS)
    # Less */b itself, which is that glob as a plain name.
    self.assertEqual(self.git_names('*/b'), {'a]/b', '.a/b', 'b/b'})

  @hypothesis.settings(
      deadline=None, derandomize=True, database=None, max_examples=250
  )
  @hypothesis.given(_GLOB)
  @hypothesis.example('***/a')
  @hypothesis.example('a/**/**/b')
  def test_means_what_it_means_to_git(self, glob):
    hypothesis.assume(set(glob) & set('*?'))
    try:
      ours = {*_select(_PATHS, [glob])} - {glob}
    except errors.InputError:  # It matches nothing.
      ours = set()
    ours = {path for path in ours if not path.startswith(f'{glob}/')}
    self.assertEqual(ours, self.git_names(glob))


if __name__ == '__main__':
  absltest.main()

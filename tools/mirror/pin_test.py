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

"""Tests upstream.toml and upstream.lock, good ones and bad ones."""

import pathlib
import shutil
import string
import tempfile
import tomllib

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.mirror import pin
from tools.mirror import testing
from tools.mirror import tree

_PYPI = '[source]\npypi = "some-package"\nversion = "1.0"\n'
_FILES = '[files]\ninclude = ["official/**"]\n'
_WHOLE = _PYPI + _FILES
_NAMES = st.text(
    string.ascii_letters + string.digits + " _-.'#=[]é中",
    min_size=1,
    max_size=8,
).filter(lambda part: part not in ('.', '..') and part.lower() != '.git')
_STAMPS = st.builds(
    '{}{}'.format,
    st.sampled_from(['', 'executable ']),
    st.text('0123456789abcdef', min_size=64, max_size=64),
)
_TREES = st.dictionaries(
    st.builds('{}/{}'.format, st.sampled_from(['official', 'orbit']), _NAMES)
    | _NAMES,
    _STAMPS,
    max_size=6,
)
_SOURCES = st.one_of(
    st.builds(
        pin.Source,
        st.just('pypi'),
        st.sampled_from(['a', 'tf-models-official', 'A_b.c']),
        st.sampled_from(['1', '2.20.0', '2.21.0.dev20260217', '1!2+local']),
        st.just(''),
    ),
    st.builds(
        pin.Source,
        st.just('git'),
        st.sampled_from(
            ['https://x.example/y.git', '../a clone', '~/é "q" \\']
        ),
        st.sampled_from(['HEAD', 'v2.20.0', 'refs/pull/1/head', 'a' * 40]),
        st.sampled_from(['', 'deep/er']),
    ),
    st.builds(
        pin.Source,
        st.just('folder'),
        st.sampled_from(['/a/b', '../x y']),
        st.just(''),
        st.sampled_from(['', 'deep']),
    ),
)


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


class PinTestCase(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.official = pathlib.Path(scratch.name)
    self.read = pin.load

  def write(self, name, content):
    testing.write(self.official, {name: content})

  def refused(self, why):
    """Checks that what is there is refused by a line that says why."""
    with self.assertRaises(errors.InputError) as caught:
      self.read(self.official)
    told = str(caught.exception)
    self.assertRegex(told, why)
    self.assertTrue(told.isprintable(), told)


class PinTest(PinTestCase):

  def load(self, text):
    self.write('upstream.toml', text)
    return pin.load(self.official)

  def test_all_that_a_pin_can_say(self):
    found = self.load("""
        repository = "tensorflow/models"
        [source]
        git = "https://x.example/y.git"
        ref = "v1"
        subfolder = "deep/er"
        [files]
        include = ["official/**", "orbit/*.py"]
        exclude = ["**/*_test.py"]
    """)
    self.assertEqual(
        found,
        pin.Pin(
            pin.Source('git', 'https://x.example/y.git', 'v1', 'deep/er'),
            'tensorflow/models',
            ('official/**', 'orbit/*.py'),
            ('**/*_test.py',),
        ),
    )
    self.assertEqual(str(found.source), 'y.git v1')

  def test_selection_knows_all_that_chooses_files(self):
    one = self.load(_WHOLE)
    selections = {
        changed.selection
        for changed in (
            one,
            one._replace(include=('official/*',)),
            one._replace(include=(), exclude=one.include),
        )
    }
    self.assertLen(selections, 3)
    source = one.source._replace(version='2')
    self.assertEqual(one._replace(source=source).selection, one.selection)

  @parameterized.named_parameters(
      ('not_utf_8', b'\xff', 'cannot read .*upstream.toml'),
      ('key_twice', _PYPI + _WHOLE, 'cannot read'),
      ('deep', 'a = ' + '[' * 5000, 'cannot read'),
      (
          'merge_marks',
          f'<<<<<<< ours\n{_PYPI}=======\n>>>>>>> theirs\n{_FILES}',
          'cannot read .*upstream.toml.*line 1',
      ),
      ('empty', '', 'needs one of pypi'),
      ('unknown_key', f'colour = "red"\n{_WHOLE}', 'unknown key: colour'),
      ('no_files', _PYPI, r'needs \[files\]'),
      (
          'include_is_text',
          _PYPI + '[files]\ninclude = "a"',
          'is no list',
      ),
      (
          'include_nothing',
          _PYPI + '[files]\ninclude = []',
          'include has no glob',
      ),
      (
          'glob_leaves',
          _PYPI + '[files]\ninclude = ["official/../../**"]',
          r"glob 'official/\.\./\.\./\*\*' is none",
      ),
      (
          'glob_broken',
          _WHOLE + 'exclude = ["official/[z-a]"]',
          "glob 'official/.z-a.' is none",
      ),
      ('repository_word', f'repository = "x"\n{_WHOLE}', 'owner/name'),
  )
  def test_bad_pin_is_refused(self, text, why):
    self.write('upstream.toml', text)
    self.refused(why)

  @parameterized.named_parameters(
      ('missing', '', 'needs one of pypi, git, folder'),
      ('is_text', 'source = "a"', 'source.* no table of texts'),
      ('two', '[source]\npypi = "a"\ngit = "b"\nref = "c"', 'needs one of'),
      ('number', '[source]\npypi = "a"\nversion = 2.20', 'no table of texts'),
      ('no_version', '[source]\npypi = "a"', "'' is no version"),
      ('range', '[source]\npypi = "a"\nversion = ">=1"', 'is no version'),
      (
          'version_leaves_the_cache',
          '[source]\npypi = "a"\nversion = "1/../../../x"',
          'is no version',
      ),
      ('ref_of_pypi', '[source]\npypi = "a"\nref = "1"', 'unknown key: ref'),
      (
          'subfolder_of_pypi',
          '[source]\npypi = "a"\nversion = "1"\nsubfolder = "b"',
          'unknown key: subfolder',
      ),
      ('empty_key', '[source]\nfolder = "a"\n"" = "1"', 'unknown key'),
      (
          'no_name',
          '[source]\npypi = ""\nversion = "1"',
          'is no pypi|is no git|is no folder',
      ),
      (
          'option_as_package',
          '[source]\npypi = "--index-url=x"\nversion = "1"',
          'is no pypi|is no git|is no folder',
      ),
      (
          'package_is_a_path',
          '[source]\npypi = "../a"\nversion = "1"',
          'is no pypi',
      ),
      (
          'option_as_repository',
          '[source]\ngit = "--upload-pack=touch x"\nref = "v1"',
          'is no git',
      ),
      ('option_as_ref', '[source]\ngit = "a"\nref = "--output=x"', 'is no ref'),
      ('refspec', '[source]\ngit = "a"\nref = "a:refs/heads/x"', 'is no ref'),
      (
          'nul',
          '[source]\ngit = "https://a\\u0000b"\nref = "v1"',
          'is no pypi|is no git|is no folder',
      ),
      ('subfolder_up', '[source]\nfolder = "a"\nsubfolder = "../b"', 'leaves'),
  )
  def test_bad_source_is_refused(self, text, why):
    self.write('upstream.toml', f'{text}\n{_FILES}')
    self.refused(why)

  def test_missing_pin(self):
    self.refused('cannot read .*upstream.toml')

  @hypothesis.settings(
      deadline=None, derandomize=True, database=None, max_examples=60
  )
  @hypothesis.given(_SOURCES, _SOURCES)
  def test_pin_text_changes_the_source_and_nothing_else(self, one, other):
    real = bootstrap.ROOT / 'official/upstream.toml'
    shutil.copy(real, self.official / 'upstream.toml')
    before = pin.load(self.official)
    comments = [line for line in self.text() if line[:1] in '#']
    for source in (one, other):
      self.write('upstream.toml', pin.pin_text(self.official, source))
      self.assertEqual(pin.load(self.official), before._replace(source=source))
      self.assertEqual([c for c in self.text() if c[:1] in '#'], comments)
    files = self.text().index('[files]')
    self.assertStartsWith(self.text()[files - 1], '#')
    self.write('upstream.toml', pin.pin_text(self.official, before.source))
    self.assertEqual(self.text(), real.read_text('utf-8').split('\n'))

  def text(self):
    return (self.official / 'upstream.toml').read_text('utf-8').split('\n')

  def test_pin_text_keeps_how_it_was_written(self):
    text = (
        '# Top.\n[files] # All.\ninclude = [ "a",\n  "b" ]\n\n[source]  #'
        " Here.\npypi = 'a' # Why a.\nversion = '1' # Why 1.\n# End.\n"
    )
    self.write('upstream.toml', text)
    new = pin.pin_text(self.official, pin.Source('pypi', 'a', '2'))
    self.assertEqual(new, text.replace("'1'", '"2"'))

  @parameterized.parameters(
      f'source = {{pypi = "a", version = "1"}}\n{_FILES}',
      f'{_FILES}\n[source]\nversion = "1"\npypi = "a"',
  )
  def test_pin_text_of_another_form(self, text):
    self.write('upstream.toml', text)
    source = pin.Source('git', 'b', 'c', 'd')
    self.write('upstream.toml', pin.pin_text(self.official, source))
    self.assertEqual(pin.load(self.official).source, source)

  def test_pin_text_of_dotted_keys(self):
    self.write('upstream.toml', 'source.pypi = "a"\nsource.version = "1"\n')
    with self.assertRaisesRegex(errors.InputError, r'write \[source\] as one'):
      pin.pin_text(self.official, pin.Source('git', 'b', 'c', 'd'))


class LockTest(PinTestCase):

  def setUp(self):
    super().setUp()
    self.read = pin.load_lock
    self.lock = pin.Lock(
        pin.Source('pypi', 'a', '1'),
        {'wheel': 'a-1.whl', 'sha256': '1' * 64},
        'f' * 64,
        {'0001-x.patch': '2' * 64},
        {'official/a': '3' * 64, 'official/b': 'executable ' + '4' * 64},
        {'official/a': '5' * 64, 'official/c': 'executable ' + '6' * 64},
    )
    self.text = pin.lock_text(self.lock)

  @hypothesis.settings(
      deadline=None, derandomize=True, database=None, max_examples=60
  )
  @hypothesis.given(_SOURCES, _TREES, _TREES, st.integers(0, 3))
  def test_round_trip(self, source, pristine, changes, drop):
    patched = {**pristine, **changes}
    patched = dict(sorted(patched.items())[drop:])
    resolved = {'sha256': '0' * 64, 'commit': '1' * 40, 'wheel': 'é.whl'}
    lock = pin.Lock(source, resolved, 'x', {}, pristine, patched)
    text = pin.lock_text(lock)
    self.write('upstream.lock', text)
    found = pin.load_lock(self.official)
    self.assertEqual(found, lock)
    self.assertEqual(pin.lock_text(found), text)

  def test_lock_has_the_digest_of_each_file(self):
    values = tomllib.loads(self.text)
    self.assertEqual(
        values['files']['pristine'],
        f'{"3" * 64}  official/a\nexecutable {"4" * 64}  official/b\n',
    )
    self.assertEqual(
        values['files']['patched'],
        f'{"5" * 64}  official/a\n-  official/b\n'
        f'executable {"6" * 64}  official/c\n',
    )
    self.assertEqual(
        values['digests']['patched'], tree.digest(self.lock.patched)
    )

  @parameterized.named_parameters(
      ('tool_newer', 'tool = 1', 'tool = 2', 'version 2 of the tool'),
      ('merge_marks', '[digests]', '<<<<<<< ours\n[digests]', 'cannot read'),
      ('merged', '3' * 64, '7' * 64, 'pristine does not have the digest'),
      ('merged_patched', '5' * 64, '7' * 64, 'patched does not have'),
      ('merge_marks_in_files', '-  of', '<<<<<<< ours\n-  of', 'not have'),
      ('mode_changed', 'executable ', '', 'pristine does not have'),
      ('name_twice', 'official/b', 'official/a', 'does not have'),
      ('no_source', '[source]', '[sauce]', 'source.* no table of texts'),
      ('no_files', '[files]', '[file]', 'files.* no table of texts'),
      ('no_resolved', '[resolved]', '[solved]', 'resolved.* no table'),
      ('resolved_empty', 'sha256 = ', 'sha1 = ', r'solved\].* lacks sha256'),
      ('resolved_short', '1' * 64, '1' * 63, r'\[resolved\].* lacks sha256'),
      ('kind', 'pypi = "a"', 'svn = "a"', 'source.* needs one of'),
      ('option', 'pypi = "a"', 'pypi = "--x"', "'--x' is no pypi"),
  )
  def test_bad_lock_is_refused(self, old, new, why):
    self.assertIn(old, self.text)
    text = self.text.replace(old, new)
    self.write('upstream.lock', text)
    self.refused(why)

  def test_git_lock_needs_a_commit(self):
    text = self.text.replace('pypi = "a"\nversion', 'git = "a"\nref')
    self.write('upstream.lock', text)
    self.refused(r'\[resolved\] of upstream.lock lacks commit')
    self.write('upstream.lock', text.replace('sha256 =', 'commit ='))
    self.assertEqual(pin.load_lock(self.official).source.kind, 'git')

  def test_truncated_at_any_length_is_refused(self):
    for length in range(0, len(self.text) - 1, 5):
      self.write('upstream.lock', self.text[:length])
      self.refused('upstream.lock')

  def test_lock_of_the_fork_is_written_as_it_is(self):
    official = bootstrap.ROOT / 'official'
    text = (official / 'upstream.lock').read_text('utf-8')
    lock = pin.load_lock(official)
    self.assertGreater(len(lock.pristine), 1000)
    self.assertEqual(pin.lock_text(lock), text)


if __name__ == '__main__':
  absltest.main()

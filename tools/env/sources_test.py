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

"""Tests wheels of TFMOT from files, folders and commits."""

import os
import pathlib
import shutil
import sys
from unittest import mock
import zipfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.env import checkout
from tools.env import environment
from tools.env import sources

_WHEEL = f'{checkout.NAME}-9.9.9-py3-none-any.whl'


def _write_wheel(
    path,
    files,
    project='tensorflow-model-optimization',
    compression=zipfile.ZIP_STORED,
):
  about = f'Metadata-Version: 2.1\nName: {project}\nVersion: 9.9.9\n'
  with zipfile.ZipFile(path, 'w', compression) as archive:
    for name, data in files.items():
      archive.writestr(name, data)
    archive.writestr(f'{checkout.NAME}-9.9.9.dist-info/METADATA', about)
  return path


class SourcesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.cache = self.root / 'cache'
    self.enter_context(
        mock.patch.dict(os.environ, TFMOT_MODELS_CACHE=str(self.cache))
    )
    # This environment has the setuptools of the lock; another would have to be
    # downloaded.
    self.enter_context(
        mock.patch.object(sources, 'builder', return_value=sys.executable)
    )
    self.checkout = checkout.Checkout(self.root / 'model-optimization')
    self.top = self.checkout.top
    self.files = self.checkout.files

  def kept(self):
    """Returns the folders of the cache that are whole or half made."""
    return [p for p in self.cache.glob('tfmot/*') if p.suffix != '.lock']

  def test_a_folder_becomes_the_wheel_of_the_release(self):
    built = sources.wheel(str(self.top))
    with zipfile.ZipFile(built) as archive:
      names = [n for n in archive.namelist() if '.dist-info/' not in n]
    self.assertCountEqual(names, self.files)
    self.assertStartsWith(built.name, 'tf_model_optimization_nightly-')
    release = _write_wheel(self.root / _WHEEL, self.files)
    self.assertEqual(
        sources.content_digest(built), sources.content_digest(release)
    )

  def test_the_digest_is_of_the_code(self):
    def digest(name, **changes):
      files = {**self.files, **changes}
      return sources.content_digest(_write_wheel(self.root / name, files))

    first = digest('a.whl')
    self.assertEqual(
        first, digest('b.whl', **{checkout.VERSION: b'__version__="1"'})
    )
    changed = {checkout.CODE: self.files[checkout.CODE] + b'\n'}
    self.assertNotEqual(first, digest('c.whl', **changed))
    moved = {
        checkout.CODE.replace('prune', 'prune2'): self.files[checkout.CODE]
    }
    self.assertNotEqual(first, digest('d.whl', **moved))

  def test_a_commit_is_its_files_and_not_those_on_the_disk(self):
    self.checkout.commit('one')
    one = sources.wheel(f'{self.top}@master')
    self.assertEqual(sources.wheel(str(self.top)), one)
    self.checkout.append(checkout.CODE, b'# Not committed.\n')
    self.assertEqual(sources.wheel(f'{self.top}@master'), one)
    edited = sources.wheel(str(self.top))
    self.assertNotEqual(
        sources.content_digest(edited), sources.content_digest(one)
    )
    self.checkout.commit('two')
    self.assertEqual(sources.wheel(f'{self.top}@master'), edited)
    self.assertEqual(sources.wheel(f'{self.top}@master~1'), one)

  def test_equal_code_is_built_once(self):
    self.checkout.commit('one')
    one = sources.wheel(f'{self.top}@master')
    self.checkout.append(checkout.GUIDE, b'More.\n')
    self.checkout.append(checkout.TEST, b'# More.\n')
    self.checkout.commit('two')
    with mock.patch.object(sources, 'builder', side_effect=AssertionError):
      self.assertEqual(sources.wheel(f'{self.top}@master'), one)
    self.checkout.append(checkout.VERSION, b"__version__ = '9.8'\n")
    other = sources.wheel(str(self.top))
    self.assertIn('-9.8-', other.name)
    self.assertEqual(sources.content_digest(one), sources.content_digest(other))

  def test_a_build_repeats_to_the_last_bit(self):
    one = sources.wheel(str(self.top)).read_bytes()
    shutil.rmtree(self.cache)
    self.assertEqual(one, sources.wheel(str(self.top)).read_bytes())

  def test_attributes_and_settings_of_git_change_no_byte(self):
    self.checkout.commit('one')
    one = sources.wheel(f'{self.top}@master')
    self.checkout.write(
        '.gitattributes', b'* text eol=crlf ident export-ignore\n'
    )
    self.checkout.commit('two')
    self.assertEqual(sources.wheel(f'{self.top}@master'), one)

  def test_a_wheel_is_kept_with_its_lock(self):
    given = _write_wheel(self.root / _WHEEL, self.files)
    content = given.read_bytes()
    found = environment.lock_of('tfmot', str(given))
    self.assertEqual(found.name, 'tfmot-source-9.9.9.txt')
    kept = sources.wheel(str(given))
    given.unlink()
    self.assertEqual(kept.read_bytes(), content)
    self.assertRegex(
        found.read_text(),
        rf'^tensorflow-model-optimization @ {kept.as_uri()} --hash=sha256:'
        r'[0-9a-f]{64}\n$',
    )

  def test_a_folder_may_have_an_at_sign(self):
    folder = self.root / 'of@me'
    folder.mkdir()
    for setting, expected in (
        (folder, (folder, None)),
        (f'{folder}@main', (folder, 'main')),
        (f'{self.top}@main~1', (self.top, 'main~1')),
        (self.root / 'none', (self.root / 'none', None)),
        (f'{folder}@', (folder, '')),
    ):
      self.assertEqual(sources.split(str(setting)), expected)

  def test_head_says_what_to_set(self):
    with self.assertRaisesRegex(
        errors.InputError, r'--repo_env=TFMOT=/\S+@master'
    ):
      environment.lock_of('tfmot', 'head')

  def test_what_is_no_source(self):
    for version in ('0.8.1', 'nightly', '0.8.1.dev20260629'):
      self.assertFalse(sources.is_source(version))

  @parameterized.parameters(
      ('./model-optimization', 'is no absolute path'),
      ('../model-optimization@master', 'is no absolute path'),
      ('tensorflow_model_optimization.whl', 'is no absolute path'),
      ('~no-such-user/x.whl', 'is no absolute path'),
      ('~no-such-user/x@master', 'is no absolute path'),
      ('{root}/nowhere', 'no such wheel, folder or checkout'),
      ('{root}/nowhere@master', 'no such wheel, folder or checkout'),
      ('{root}/nowhere.whl', 'no such wheel, folder or checkout'),
      ('{root}', 'it has no setup.py'),
      ('{checkout}@', 'has no branch, tag or commit'),
      ('{checkout}@gone', 'has no branch, tag or commit gone'),
      ('{checkout}@--help', 'has no branch, tag or commit --help'),
      ('{checkout}@master:setup.py', 'has no branch, tag or commit'),
      ('{checkout}/tensorflow_model_optimization@master', 'not a git repo'),
  )
  def test_refused(self, setting, message):
    self.checkout.commit('one')
    setting = setting.format(root=self.root, checkout=self.top)
    self.refused(setting, message)

  def refused(self, setting, message):
    """Expects an error of one line, and nothing in the cache."""
    self.assertTrue(sources.is_source(setting))
    with self.assertRaisesRegex(errors.InputError, message) as caught:
      sources.wheel(setting)
    self.assertNotIn('\n', str(caught.exception))
    self.assertEqual(self.kept(), [])

  @parameterized.parameters(
      ('setup.py', None, 'it has no setup.py'),
      (checkout.VERSION, None, f'it has no {checkout.VERSION}'),
      (f'{checkout.NAME}/__init__.py', None, 'it has no .*/__init__.py'),
      (f'{checkout.NAME}/kernel.cc', b'', 'make the wheel with its Bazel'),
      ('setup.py', b'import nothing_like_it', 'building .*nothing_like_it'),
      ('setup.py', b'', 'made 0 wheels'),
      ('setup.py', b'import setuptools as s; s.setup(name="x")', 'wheel of x:'),
  )
  def test_folders_that_are_refused(self, name, data, message):
    if data is None:
      (self.top / name).unlink()
    else:
      self.checkout.write(name, data)
    self.refused(str(self.top), message)

  def test_wheels_that_are_refused(self):
    wheel = self.root / _WHEEL
    wheel.write_bytes(b'PK\3\4 and then nothing')
    self.refused(str(wheel), 'is no wheel: ')
    _write_wheel(wheel, self.files)
    wheel.write_bytes(wheel.read_bytes()[:-100])
    self.refused(str(wheel), 'is no wheel: ')
    _write_wheel(wheel, self.files)
    content = bytearray(wheel.read_bytes())
    content[content.index(self.files[checkout.CODE]) + 99] ^= 1
    wheel.write_bytes(content)
    self.refused(str(wheel), 'is no wheel: .*prune.py is damaged')
    _write_wheel(wheel, self.files, compression=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(wheel) as archive:
      member = archive.getinfo(checkout.CODE)
    content = bytearray(wheel.read_bytes())
    begin = member.header_offset + 30 + len(checkout.CODE)
    content[begin : begin + 4] = b'\xff' * 4
    wheel.write_bytes(content)
    self.refused(str(wheel), 'is no wheel: Error -3 while decompressing')
    _write_wheel(wheel, self.files, project='tensorflow-datasets')
    self.refused(str(wheel), 'is a wheel of tensorflow-datasets')
    with zipfile.ZipFile(wheel, 'w') as archive:
      archive.writestr(f'{checkout.NAME}.dist-info/METADATA', b'Name: \xff\n')
    self.refused(str(wheel), 'is a wheel of \ufffd')
    _write_wheel(wheel, {})
    self.refused(str(wheel), f'one of {checkout.NAME} is needed')
    other = self.root / f'{checkout.NAME}-9.9.9-cp311-cp311-linux_x86_64.whl'
    self.refused(
        str(_write_wheel(other, self.files)), 'is no wheel for every machine'
    )

  def test_a_failed_build_leaves_nothing_behind(self):
    self.checkout.write('setup.py', b'raise SystemExit("no")')
    self.refused(str(self.top), 'building .* exit 1.*no$')
    left = [p.name for p in self.cache.rglob('*') if p.is_file()]
    self.assertEqual([n for n in left if not n.endswith('.lock')], [])


class BuilderTest(absltest.TestCase):

  def test_its_setuptools_is_that_of_this_environment(self):
    text = (bootstrap.LOCKS / 'build.txt').read_text()
    self.assertIn('\nsetuptools==', text)
    base = environment.lock_of(
        'tensorflow', environment.settings({})['tensorflow']
    )
    line = next(x for x in text.splitlines() if x.startswith('setuptools=='))
    self.assertIn(f'\n{line}\n', base.read_text())


if __name__ == '__main__':
  absltest.main()

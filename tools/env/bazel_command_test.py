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

"""Tests what Bazel is called with."""

import os
import pathlib
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tools.env import bazel_command


class BazelCommandTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.home = pathlib.Path(self.create_tempdir().full_path)

  def words(self, command='build', root='/clone', **environ):
    environ = {'HOME': str(self.home)} | environ
    environ = {name: str(value) for name, value in environ.items() if value}
    with mock.patch.dict(os.environ, environ, clear=True):
      return bazel_command.words(
          '/bazel', command, '//x', startup=('--s',), root=pathlib.Path(root)
      )

  def test_defaults_are_those_of_bazelrc(self):
    self.assertEqual(self.words(), ['/bazel', '--s', 'build', '//x'])

  def test_disk_cache_is_where_the_settings_say(self):
    for environ, cache in (
        ({'TFMOT_MODELS_CACHE': '~/x'}, self.home / 'x/bazel'),
        (
            {'XDG_CACHE_HOME': self.home / 'y'},
            self.home / 'y/tfmot_models/bazel',
        ),
    ):
      option = f'--disk_cache={cache}'
      words = self.words(**environ)
      self.assertEqual(words, ['/bazel', '--s', 'build', option, '//x'])
      self.assertNotIn(option, self.words('query', **environ))

  def test_read_only_cache(self):
    cache = self.home / 'cache'
    cache.mkdir()

    def outside(path, _):
      return not str(path).startswith(str(cache))

    with mock.patch.object(os, 'access', side_effect=outside):
      self.assertIn('--disk_cache=', self.words(TFMOT_MODELS_CACHE=cache))
      (cache / 'bazel').mkdir()
      option = f'--disk_cache={cache}/bazel'
      self.assertIn(option, self.words(TFMOT_MODELS_CACHE=cache))

  def test_home_that_bazel_cannot_use(self):
    cache = self.home / 'cache'
    option = f'--output_user_root={cache}/bazel_output'
    (self.home / 'file').touch()
    for home in ('relative', '/a b', '/ümlaut', '/a:b', self.home / 'file'):
      words = self.words(HOME=home, TFMOT_MODELS_CACHE=cache)
      self.assertEqual(words[:3], ['/bazel', option, '--s'])
    nowhere = self.home / 'file'
    words = self.words(HOME=nowhere, TFMOT_MODELS_CACHE=nowhere)
    self.assertEqual(words[:2], ['/bazel', '--s'])
    message = '/a b/.*a space, a colon.*set TFMOT_MODELS_CACHE to another'
    with self.assertRaisesRegex(errors.InputError, message):
      self.words(HOME='/a b')

  def test_clone_that_bazel_cannot_use(self):
    for root in ('/a b', '/a:b', '/ümlaut'):
      with self.assertRaisesRegex(errors.InputError, f'{root}, .*clone to'):
        self.words(root=root)

  def test_cache_that_bazel_cannot_use(self):
    with self.assertRaisesRegex(errors.InputError, '/ümlaut, .*set TFMOT_MOD'):
      self.words(TFMOT_MODELS_CACHE='/ümlaut')
    self.words(TFMOT_MODELS_CACHE=self.home / 'a b')


if __name__ == '__main__':
  absltest.main()

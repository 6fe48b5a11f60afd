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

"""Tests what of the user's machine and settings reaches us."""

import os
import pathlib
import pwd
import subprocess
import sys
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib import surroundings


class PathTest(absltest.TestCase):

  def test_paths_of_the_command_line(self):
    where = {'HOME': '/homes/me', 'BUILD_WORKING_DIRECTORY': '/homes/me/here'}
    with mock.patch.dict(os.environ, where):
      for text, expected in (
          ('~/x', '/homes/me/x'),
          ('~', '/homes/me'),
          ('x/~y', '/homes/me/here/x/~y'),
          ('/x', '/x'),
      ):
        self.assertEqual(str(surroundings.path(text)), expected)
      with self.assertRaisesRegex(errors.InputError, '~nobody_here/x: .*home'):
        surroundings.path('~nobody_here/x')
    with mock.patch.dict(os.environ, clear=True):
      self.assertEqual(str(surroundings.path('x')), 'x')

  def test_paths_in_variables(self):
    for value, expected in ((None, None), ('', None), ('~/x', '/homes/me/x')):
      environ = {'HOME': '/homes/me'} | ({} if value is None else {'X': value})
      with mock.patch.dict(os.environ, environ):
        found = surroundings.setting('X')
        self.assertEqual(found and str(found), expected)
    with mock.patch.dict(os.environ, {'X': 'y'}):
      with self.assertRaisesRegex(errors.InputError, 'X=y is no absolute'):
        surroundings.setting('X')

  def test_mends(self):
    target = pathlib.Path('/x')
    for number, mend in ((28, 'free some space or take '), (13, 'no; take a')):
      error = OSError(number, 'no')
      said = str(surroundings.cannot_write(target, error, 'take'))
      self.assertStartsWith(said, 'cannot write /x: no; ')
      self.assertIn(mend, said)


class UserTest(absltest.TestCase):

  def test_user_without_a_name(self):
    with mock.patch.dict(os.environ, {'USER': 'me'}):
      self.assertEqual(surroundings.with_user()['USER'], 'me')
    with mock.patch.dict(os.environ, clear=True):
      with mock.patch.object(pwd, 'getpwuid', side_effect=KeyError):
        name = f'user{os.getuid()}'
        self.assertEqual(surroundings.with_user(), {'USER': name})
        os.environ['TMPDIR'] = '/nowhere'
        self.assertEqual(surroundings.with_user(), {'USER': name})


class CpusTest(absltest.TestCase):

  def test_only_those_that_the_user_left(self):
    code = (
        'import os; from tfmot_contrib import surroundings;'
        ' os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});'
        ' print(surroundings.cpus())'
    )
    said = subprocess.check_output(
        [sys.executable, '-c', code],
        text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
    )
    self.assertEqual(said, '1\n')


class InstallersTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.home = pathlib.Path(self.create_tempdir().full_path)
    self.config = self.home / '.config'
    environ = {'HOME': str(self.home), 'XDG_CONFIG_DIRS': str(self.home)}
    self.enter_context(mock.patch.dict(os.environ, environ, clear=True))

  def write(self, name, text):
    path = self.config / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')

  def new(self, **environ):
    """Returns what is there but for our own settings."""
    plain = surroundings.installers({})
    found = surroundings.installers(environ)
    return {k: v for k, v in found.items() if plain.get(k) != v}

  @parameterized.parameters(
      'PIP_USER',
      'PIP_TARGET',
      'PIP_PREFIX',
      'PIP_ROOT',
      'PIP_REQUIRE_VIRTUALENV',
      'PIP_CONSTRAINT',
      'PIP_NO_BINARY',
      'PIP_PRE',
      'PIP_UPLOADED_PRIOR_TO',
      'PIP_VERBOSE',
      'UV_CONSTRAINT',
      'UV_OVERRIDE',
      'UV_PYTHON',
      'UV_PROJECT',
      'UV_PROJECT_ENVIRONMENT',
      'UV_SYSTEM_PYTHON',
      'UV_NO_BINARY',
      'UV_EXCLUDE_NEWER',
      'UV_REQUIRE_HASHES',
      'UV_NO_VERIFY_HASHES',
      'UV_RESOLUTION',
      'UV_WORKING_DIR',
      'PYTHONHOME',
      'PYTHONPATH',
      'PYTHONSAFEPATH',
      'VIRTUAL_ENV',
      'npm_config_prefix',
      'NPM_CONFIG_BEFORE',
      'npm_config_tag',
  )
  def test_what_and_where_is_not_the_users(self, name):
    self.assertEqual(self.new(**{name: 'x'}), {})

  @parameterized.parameters(
      'PIP_INDEX_URL',
      'PIP_EXTRA_INDEX_URL',
      'PIP_FIND_LINKS',
      'PIP_NO_INDEX',
      'PIP_PROXY',
      'PIP_CERT',
      'PIP_TRUSTED_HOST',
      'PIP_TIMEOUT',
      'PIP_CACHE_DIR',
      'PIP_KEYRING_PROVIDER',
      'UV_INDEX',
      'UV_INDEX_URL',
      'UV_INDEX_CORP_PASSWORD',
      'UV_INDEX_STRATEGY',
      'UV_DEFAULT_INDEX',
      'UV_FIND_LINKS',
      'UV_OFFLINE',
      'UV_HTTP_TIMEOUT',
      'UV_NATIVE_TLS',
      'UV_CACHE_DIR',
      'UV_LINK_MODE',
      'UV_CONCURRENT_DOWNLOADS',
      'npm_config_registry',
      'npm_config_@corp:registry',
      'NPM_CONFIG_CAFILE',
      'npm_config_https_proxy',
      'SSL_CERT_FILE',
      'https_proxy',
      'PATH',
  )
  def test_how_a_registry_is_reached_is(self, name):
    self.assertEqual(self.new(**{name: 'x'}), {name: 'x'})

  def test_pip_conf(self):
    self.write(
        'pip/pip.conf',
        '[global]\nindex-url = one\nuser = true\nrequire-virtualenv = true\n'
        'extra_index_url =\n  two\n  three\n[install]\ntarget = /x\n'
        'index-url = four\nconstraint = /y\n',
    )
    found = surroundings.installers()
    self.assertEqual(found['PIP_CONFIG_FILE'], os.devnull)
    self.assertEqual(found['PIP_INDEX_URL'], 'four')
    self.assertEqual(found['PIP_EXTRA_INDEX_URL'].split(), ['two', 'three'])
    for name in ('USER', 'TARGET', 'CONSTRAINT', 'REQUIRE_VIRTUALENV'):
      self.assertNotIn(f'PIP_{name}', found)
    given = surroundings.installers({'PIP_INDEX_URL': 'mine'})
    self.assertEqual(given['PIP_INDEX_URL'], 'mine')
    none = surroundings.installers({'PIP_CONFIG_FILE': os.devnull})
    self.assertNotIn('PIP_INDEX_URL', none)

  def test_uv_toml(self):
    self.write(
        'uv/uv.toml',
        'index-url = "old"\nexclude-newer = "2001-01-01T00:00:00Z"\n'
        'offline = true\nfind-links = ["a", "b"]\n'
        'allow-insecure-host = ["c", "d"]\n'
        '[pip]\ntarget = "/x"\nindex-url = "new"\n'
        '[[index]]\nurl = "e"\ndefault = true\n'
        '[[index]]\nname = "f"\nurl = "g"\n'
        '[[index]]\nurl = "h"\n'
        '[[index]]\nname = "i"\nurl = "j"\nexplicit = true\n',
    )
    found = surroundings.installers()
    plain = {k: v for k, v in found.items() if k.startswith('UV_')}
    self.assertEqual(
        plain,
        {
            'UV_NO_CONFIG': '1',
            'UV_INDEX_URL': 'new',
            'UV_OFFLINE': 'true',
            'UV_FIND_LINKS': 'a,b',
            'UV_INSECURE_HOST': 'c d',
            'UV_DEFAULT_INDEX': 'e',
            'UV_INDEX': 'f=g h',
        },
    )
    self.write('other.toml', 'cache-dir = "k"')
    other = str(self.config / 'other.toml')
    found = surroundings.installers({'UV_CONFIG_FILE': other})
    self.assertEqual(found['UV_CACHE_DIR'], 'k')
    self.assertNotIn('UV_CONFIG_FILE', found)

  @parameterized.parameters('pip/pip.conf', 'uv/uv.toml')
  def test_configuration_that_cannot_be_read(self, name):
    self.write(name, '[x\n')
    with self.assertRaisesRegex(errors.InputError, f'{name}.*mend that file'):
      surroundings.installers()

  def test_downloads_without_a_home(self):
    cache = {'TFMOT_MODELS_CACHE': '/cache'}
    with mock.patch.dict(os.environ, cache):
      self.assertNotIn('UV_CACHE_DIR', surroundings.installers())
      (self.home / 'file').touch()
      for home in ('~', str(self.home / 'file')):  # As of no such user.
        with mock.patch.dict(os.environ, HOME=home):
          found = surroundings.installers()
          self.assertEqual(found['UV_CACHE_DIR'], '/cache/downloads/uv')
          self.assertEqual(found['npm_config_cache'], '/cache/downloads/.npm')
          found = surroundings.installers({'UV_CACHE_DIR': 'mine'})
          self.assertEqual(found['UV_CACHE_DIR'], 'mine')

  def test_scratch_folder_that_is_not_there(self):
    self.assertEqual(self.new(TMPDIR='/nowhere'), {})
    self.assertEqual(self.new(TMPDIR='/'), {'TMPDIR': '/'})


if __name__ == '__main__':
  absltest.main()

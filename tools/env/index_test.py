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

"""Tests the questions to an index, with pip, uv and a local index."""

import functools
import http.server
import os
import pathlib
import threading
from unittest import mock
import zipfile

from absl.testing import absltest

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.env import index

_PACKAGE = 'tfmot-index-example'
_RELEASES = ('0.9.0', '0.10.0', '0.11.0', '1.0.0', '1.1.0.dev20260102')
_YANKED = '0.11.0'
_INDEXES = ('PIP_INDEX_URL', 'UV_INDEX_URL', 'UV_DEFAULT_INDEX')
_OTHERS = ('PIP_EXTRA_INDEX_URL', 'UV_EXTRA_INDEX_URL', 'UV_INDEX')


class _Handler(http.server.SimpleHTTPRequestHandler):

  def log_message(self, *arguments):  # The test's own output stays readable.
    del self, arguments


class IndexTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.top = pathlib.Path(self.create_tempdir().full_path)
    pages = self.top / 'simple' / _PACKAGE
    pages.mkdir(parents=True)
    links = []
    for version in _RELEASES:
      about = f'{_PACKAGE.replace("-", "_")}-{version}'
      name = f'{about}-py3-none-any.whl'
      with zipfile.ZipFile(pages / name, 'w') as wheel:
        metadata = f'Metadata-Version: 2.1\nName: {_PACKAGE}\n'
        folder = f'{about}.dist-info'
        wheel.writestr(f'{folder}/METADATA', f'{metadata}Version: {version}\n')
        wheel.writestr(f'{folder}/WHEEL', 'Wheel-Version: 1.0\n')
        wheel.writestr(f'{folder}/RECORD', '')
      yanked = ' data-yanked="broken"' if version == _YANKED else ''
      links.append(f'<a href="{name}"{yanked}>{name}</a>')
    (pages / 'index.html').write_text('<br>'.join(links))
    handler = functools.partial(_Handler, directory=self.top)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    self.addCleanup(server.server_close)
    self.addCleanup(server.shutdown)
    # The programs are those of the user's cache; wheels are not left in it.
    (self.top / 'cache').mkdir()
    programs = bootstrap.tools_env().parent.parent
    (self.top / 'cache' / 'bootstrap').symlink_to(programs)
    url = f'http://127.0.0.1:{server.server_port}/simple'
    environ = dict.fromkeys(_INDEXES, url)
    environ |= dict.fromkeys(_OTHERS, '')
    environ['UV_CACHE_DIR'] = str(self.top / 'uv')
    environ['PIP_NO_CACHE_DIR'] = '1'
    environ['TFMOT_MODELS_CACHE'] = str(self.top / 'cache')
    self.enter_context(mock.patch.dict(os.environ, environ))
    self.lock = self.top / 'lock.txt'
    self.lock.write_text('')

  def test_available(self):
    expected = [v for v in _RELEASES if v != _YANKED]
    self.assertEqual(index.available(_PACKAGE), expected[:-1])
    self.assertEqual(index.available(_PACKAGE, pre=True), expected)
    with self.assertRaisesRegex(errors.InputError, 'versions of no-such-one'):
      index.available('no-such-one')

  def test_wheel_is_downloaded_once(self):
    path = index.wheel(_PACKAGE, '0.10.0')
    self.assertEndsWith(path.name, '-0.10.0-py3-none-any.whl')
    self.assertTrue(zipfile.is_zipfile(path))
    (self.top / 'simple' / _PACKAGE / 'index.html').unlink()
    self.assertEqual(index.wheel(_PACKAGE, '0.10.0'), path)
    path.unlink()
    with self.assertRaisesRegex(errors.InputError, 'no wheel in it: delete it'):
      index.wheel(_PACKAGE, '0.10.0')

  def test_no_such_wheel(self):
    message = 'no wheel of tfmot-index-example 3.0; the newest are 0.9.0, '
    with self.assertRaisesRegex(errors.InputError, message):
      index.wheel(_PACKAGE, '3.0')
    self.assertEmpty(list((self.top / 'cache/wheels').glob('*/')))

  def test_is_yanked(self):
    self.assertTrue(index.is_yanked(_PACKAGE, _YANKED))
    self.assertFalse(index.is_yanked(_PACKAGE, '0.10.0'))
    with self.assertRaisesRegex(errors.InputError, 'asking for .* 3.0'):
      index.is_yanked(_PACKAGE, '3.0')

  def test_resolve(self):
    resolve = functools.partial(index.resolve, _PACKAGE, constraints=self.lock)
    self.assertEqual(resolve([_PACKAGE]), '1.0.0')
    self.lock.write_text(f'{_PACKAGE}<1\n')
    self.assertEqual(resolve([_PACKAGE]), '0.10.0')
    self.assertEqual(
        resolve([_PACKAGE], overrides=[f'{_PACKAGE}==0.9.0']), '0.9.0'
    )
    with self.assertRaisesRegex(errors.InputError, 'resolving .*>2'):
      resolve([f'{_PACKAGE}>2'])
    with self.assertRaisesRegex(errors.InputError, 'does not name'):
      resolve([f'{_PACKAGE}; python_version < "3"'])


if __name__ == '__main__':
  absltest.main()

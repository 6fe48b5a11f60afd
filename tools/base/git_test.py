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

"""Tests of git in a hook, of others' repositories and of ways to a host."""

import functools
import http.server
import os
import pathlib
import subprocess
import threading

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import git

_NOBODY = 65534
# git's own switch for its tests; as root, the owner is really another one too.
_DUBIOUS = {'GIT_TEST_ASSUME_DIFFERENT_OWNER': '1'}


def repository(folder: pathlib.Path) -> str:
  """Makes a repository with a file in a branch and returns its commit."""
  folder.mkdir(parents=True)
  git.configure(folder)
  (folder / 'official').mkdir()
  (folder / 'official/net.py').write_text('x = 1\n')
  git.run(folder, 'add', '-A', what='adding')
  git.run(folder, 'commit', '-q', '-m', 'one', what='committing')
  return git.text(folder, 'rev-parse', 'HEAD', what='asking')


def give_away(folder: pathlib.Path) -> bool:
  """Lets a folder belong to somebody else, and returns whether it can."""
  try:
    for path in (folder, *folder.rglob('*')):
      os.lchown(path, _NOBODY, _NOBODY)
  except OSError:  # An ordinary user, or a sandbox that has one user.
    print(f'{folder}: cannot be given away here, so git is told so instead')
    return False
  return True


class GitTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.scratch = pathlib.Path(self.create_tempdir().full_path).resolve()
    self.folder = self.scratch / 'repository of one'
    self.commit = repository(self.folder)
    home = self.scratch / 'home'
    home.mkdir()
    self.settings = home / '.gitconfig'
    self.settings.write_text(
        '[user]\n\tname = Ada\n\temail = ada@example.com\n'
    )
    cleared = [
        name
        for name in os.environ
        if name.startswith('GIT_') or name.lower().endswith('_proxy')
    ]
    self.enter_context(
        absltest.mock.patch.dict(
            os.environ,
            {
                'GIT_CONFIG_NOSYSTEM': '1',
                'HOME': str(home),
                'TFMOT_MODELS_CACHE': str(self.scratch / 'cache'),
                'XDG_CONFIG_HOME': str(home),
            },
        )
    )
    for name in cleared:
      os.environ.pop(name, None)

  def set(self, name, value):
    """Sets something in the configuration of the user."""
    file = ['git', 'config', '--file', self.settings, '--add', name, value]
    subprocess.run(file, check=True)


class HookTest(GitTest):

  def test_resolve(self):
    for ref in ('main', 'HEAD', self.commit[:9]):
      self.assertEqual(git.resolve(self.folder, ref, 'asking'), self.commit)
    for ref in ('nothing', '-x', '0' * 40, 'main:official'):
      with self.assertRaisesRegex(errors.InputError, 'asking: its git has no'):
        git.resolve(self.folder, ref, 'asking')
    with self.assertRaisesRegex(errors.InputError, 'not a git repository'):
      git.resolve(self.scratch, 'main', 'asking')

  @parameterized.parameters(True, False)
  def test_variables_of_a_hook_do_not_mislead(self, isolated):
    other = self.scratch / 'other'
    repository(other)
    (other / 'more').touch()
    hook = {
        'GIT_DIR': str(other / '.git'),
        'GIT_INDEX_FILE': str(other / '.git/index'),
        'GIT_OBJECT_DIRECTORY': str(other / '.git/objects'),
        'GIT_PREFIX': 'x/',
        'GIT_WORK_TREE': str(other),
    }
    before = git.text(other, 'rev-parse', 'HEAD', what='asking')
    with absltest.mock.patch.dict(os.environ, hook):
      command = ['rev-parse', '--show-toplevel']
      done = git.run(self.folder, *command, what='asking', isolated=isolated)
      self.assertEqual(done.stdout.decode().strip(), str(self.folder))
      (self.folder / 'new').touch()
      self.assertEqual(git.listed(self.folder), ['new', 'official/net.py'])
      self.assertEqual(git.listed(self.folder, '--others'), ['new'])
      for command in (['add', 'new'], ['commit', '-qm', 'two']):
        git.run(self.folder, *command, what='adding', isolated=isolated)
    self.assertEqual(
        git.text(other, 'rev-parse', 'HEAD', what='asking'), before
    )
    log = git.text(self.folder, 'log', '--format=%s', what='asking')
    self.assertEqual(log, 'two\none')

  def test_identity_is_of_the_user(self):
    bare = self.scratch / 'bare'
    git.run(self.scratch, 'init', '-q', '--bare', bare, what='making')
    self.assertEqual(git.identity(bare), ('Ada', 'ada@example.com'))
    self.settings.write_text('')
    self.assertEqual(git.identity(bare), ('', ''))

  def test_what_the_user_ignores_is_not_listed(self):
    (self.scratch / 'ignored').write_text('*.swp\n')
    self.set('core.excludesFile', str(self.scratch / 'ignored'))
    (self.folder / 'a.swp').touch()
    self.assertEqual(git.listed(self.folder), ['official/net.py'])


class StrangerTest(GitTest):

  def setUp(self):
    super().setUp()
    self.canary = self.scratch / 'canary'
    touch = self.scratch / 'touch'
    touch.write_text(f'#!/bin/sh\ntouch {self.canary}\nexit 1\n')
    touch.chmod(0o755)
    for name, value in {
        'core.fsmonitor': touch,
        'core.hooksPath': self.scratch / 'hooks',
        'core.pager': touch,
        'core.sshCommand': touch,
        'gpg.program': touch,
        'log.showSignature': 'true',
        'remote.origin.promisor': 'true',
        'remote.origin.uploadpack': touch,
        'remote.origin.url': self.folder,
        'uploadpack.packObjectsHook': touch,
    }.items():
      git.run(self.folder, 'config', name, value, what='setting')
    (self.scratch / 'hooks').mkdir()
    for name in ('post-checkout', 'post-index-change', 'reference-transaction'):
      (self.scratch / 'hooks' / name).symlink_to(touch)
    self.given = give_away(self.folder)

  def run_git(self, *arguments, **options):
    return git.run(
        self.folder, *arguments, what='trying', extra=_DUBIOUS, **options
    )

  def test_git_refuses_it(self):
    done = subprocess.run(
        ['git', 'status'],
        cwd=self.folder,
        check=False,
        capture_output=True,
        env={**os.environ, **_DUBIOUS},
    )
    self.assertIn(b'dubious ownership', done.stderr)

  @parameterized.parameters(True, False)
  def test_is_read_where_the_user_names_it(self, isolated):
    if not isolated:  # Then only the settings of the user start programs.
      self.run_git('config', '--unset', 'core.fsmonitor')
    done = self.run_git('rev-parse', 'HEAD', isolated=isolated)
    self.assertEqual(done.stdout.decode().strip(), self.commit)
    self.run_git('ls-files', isolated=isolated)
    self.assertFalse(self.canary.exists())

  @parameterized.parameters(
      ('status', '--porcelain'),
      ('log', '-1'),
      ('checkout', '-q', '--detach', 'HEAD'),
      ('worktree', 'add', '--detach', '../tree', 'HEAD'),
  )
  def test_starts_no_program_of_it(self, *command):
    self.run_git(*command)
    self.assertFalse(self.canary.exists())

  def test_fetches_nothing_for_it(self):
    missing = '1' * 40
    self.run_git('cat-file', '-e', missing, ok=(1, 128))
    # In a repository of the user's own, that would ask its remote.
    self.assertEqual(self.canary.exists(), not self.given)

  def test_is_fetched_from(self):
    mine = self.scratch / 'mine'
    mine.mkdir()
    git.configure(mine)
    command = ['fetch', '-q', git.upload_pack(self.folder), self.folder, 'main']
    git.run(mine, *command, what='fetching', extra=_DUBIOUS)
    commit = git.text(mine, 'rev-parse', 'FETCH_HEAD', what='asking')
    self.assertEqual(commit, self.commit)
    self.assertFalse(self.canary.exists())


class _Host(http.server.SimpleHTTPRequestHandler):
  """Serves a folder, as itself and as the proxy of a host that is none."""

  def do_GET(self):  # pylint: disable=invalid-name
    if self.headers['X-Pass'] != 'word':
      self.send_error(403)
      return
    self.server.asked.append(self.path)
    self.path = self.path.removeprefix('http://upstream.invalid')
    super().do_GET()

  def log_message(self, *unused_args):
    """Stays silent."""


class ReachTest(GitTest):

  def setUp(self):
    super().setUp()
    bare = self.scratch / 'served/models.git'
    command = ['clone', '-q', '--bare', self.folder, bare]
    git.run(self.folder, *command, what='cloning')
    git.run(bare, 'update-server-info', what='serving')
    handler = functools.partial(_Host, directory=str(bare.parent))
    self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    self.server.asked = []
    self.address = f'http://127.0.0.1:{self.server.server_port}'
    threading.Thread(target=self.server.serve_forever, daemon=True).start()
    self.addCleanup(self.server.server_close)
    self.addCleanup(self.server.shutdown)

  def fetch(self):
    mine = pathlib.Path(self.create_tempdir().full_path)
    git.configure(mine)
    command = ['fetch', '-q', 'http://upstream.invalid/models.git', 'main']
    git.run(mine, *command, what='fetching', extra=git.reach())
    return git.text(mine, 'rev-parse', 'FETCH_HEAD', what='asking')

  def test_proxy_and_header_of_the_user(self):
    self.set('http.proxy', self.address)
    with self.assertRaisesRegex(errors.InputError, '403'):
      self.fetch()
    self.set('http.http://upstream.invalid.extraHeader', 'X-Pass: word')
    self.assertEqual(self.fetch(), self.commit)
    for path in self.server.asked:
      self.assertStartsWith(path, 'http://upstream.invalid/models.git/')

  def test_another_url_of_an_included_file(self):
    more = self.scratch / 'more'
    more.write_text(
        f'[url "{self.address}/"]\n\tinsteadOf = http://upstream.invalid/\n'
        '[http]\n\textraHeader = X-Pass: word\n'
    )
    self.set('include.path', str(more))
    self.assertEqual(self.fetch(), self.commit)
    self.assertStartsWith(self.server.asked[0], '/models.git/')

  def test_nothing_else_is_carried_over(self):
    for name in ('core.autocrlf', 'diff.noprefix', 'http.sslCAInfo'):
      self.set(name, 'true')
    self.set('core.sshCommand', 'ssh -F x')
    with absltest.mock.patch.dict(os.environ, {'GIT_SSL_CAINFO': 'y'}):
      reach = git.reach()
    self.assertEqual(
        reach,
        {
            'GIT_CONFIG_COUNT': '2',
            'GIT_CONFIG_KEY_0': 'core.sshcommand',
            'GIT_CONFIG_VALUE_0': 'ssh -F x',
            'GIT_CONFIG_KEY_1': 'http.sslcainfo',
            'GIT_CONFIG_VALUE_1': 'true',
            'GIT_SSL_CAINFO': 'y',
        },
    )


if __name__ == '__main__':
  absltest.main()

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

"""Tests the bootstrap and the environment, short of the network."""

import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import textwrap
import time

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.env import environment


def _umask():
  """Returns the permissions that new files lack."""
  mask = os.umask(0)
  os.umask(mask)
  return mask


class MadeOnceTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.target = self.root / 'thing'

  def start(self, body):
    """Starts a process that makes the target and prints what it did."""
    code = textwrap.dedent(f"""
        import pathlib, sys, time
        from tools.env import bootstrap
        with bootstrap.made_once(pathlib.Path({str(self.target)!r})) as partial:
          print('making' if partial else 'made', flush=True)
          if partial:
            {body}
    """)
    return subprocess.Popen(
        [sys.executable, '-c', code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(bootstrap.ROOT)},
    )

  def test_whole_or_not_at_all(self):
    with self.assertRaises(ZeroDivisionError):
      with bootstrap.made_once(self.target) as partial:
        (partial / 'half').touch()
        raise ZeroDivisionError
    self.assertFalse(self.target.exists())
    with bootstrap.made_once(self.target) as partial:
      (partial / 'whole').touch()
    self.assertTrue((self.target / 'whole').exists())
    with bootstrap.made_once(self.target) as partial:
      self.assertIsNone(partial)

  def test_killed_half_way(self):
    with self.start('(partial / "half").touch(); time.sleep(60)') as killed:
      self.assertEqual(killed.stdout.readline(), 'making\n')
      while not list(self.root.glob('thing.partial-*/half')):
        time.sleep(0.01)
      killed.send_signal(signal.SIGKILL)
    self.assertFalse(self.target.exists())
    with bootstrap.made_once(self.target) as partial:
      self.assertIsNotNone(partial)
      self.assertLen(list(self.root.glob('thing.partial-*')), 1)
    self.assertTrue(self.target.exists())

  def test_two_at_once(self):
    both = [self.start('time.sleep(0.5)') for _ in range(2)]
    said = sorted(process.communicate()[0] for process in both)
    self.assertEqual(said, ['made\n', 'making\n'])

  def test_disk_that_cannot_be_written(self):
    (self.root / 'file').touch()
    message = 'cannot write .*: File exists; set TFMOT_MODELS_CACHE to a folder'
    with self.assertRaisesRegex(errors.InputError, message):
      with bootstrap.made_once(self.root / 'file/thing'):
        self.fail('it gave a folder')

  def test_what_is_there_is_found_in_a_cache_that_is_not_ours(self):
    with bootstrap.made_once(self.target) as partial:
      (partial / 'whole').touch()
    self.assertEqual(self.target.stat().st_mode & 0o777, 0o777 & ~_umask())
    (self.root / 'thing.lock').unlink()
    with absltest.mock.patch.object(
        bootstrap, 'open', side_effect=PermissionError(13, 'no'), create=True
    ):
      with bootstrap.made_once(self.target) as partial:
        self.assertIsNone(partial)
      message = 'other: no; set TFMOT_MODELS_CACHE to a folder of yours'
      with self.assertRaisesRegex(errors.InputError, message):
        with bootstrap.made_once(self.root / 'other'):
          self.fail('it gave a folder')

  def test_full_disk_is_named_whatever_failed(self):
    full = absltest.mock.Mock(free=0)
    with absltest.mock.patch.object(
        bootstrap.shutil, 'disk_usage', return_value=full
    ):
      with self.assertRaisesRegex(errors.InputError, 'no space left on its'):
        with bootstrap.made_once(self.target):
          raise errors.InputError('pip failed')
    with self.assertRaisesRegex(errors.InputError, '^pip failed$'):
      with bootstrap.made_once(self.target):
        raise errors.InputError('pip failed')


class CacheTest(absltest.TestCase):

  def cache(self, **environ):
    with absltest.mock.patch.dict(os.environ, environ, clear=True):
      return str(bootstrap.cache_dir())

  def test_settings(self):
    home = {'HOME': '/homes/me'}
    self.assertEqual(self.cache(**home), '/homes/me/.cache/tfmot_models')
    for value, expected in (
        ('/other', '/other/tfmot_models'),
        ('relative', '/homes/me/.cache/tfmot_models'),
    ):
      self.assertEqual(self.cache(XDG_CACHE_HOME=value, **home), expected)
    for value, expected in (('~/x', '/homes/me/x'), ('/a b', '/a b')):
      self.assertEqual(self.cache(TFMOT_MODELS_CACHE=value, **home), expected)

  def test_folders_that_do_not_do(self):
    for environ, message in (
        ({'TFMOT_MODELS_CACHE': 'x'}, '=x is no absolute path'),
        ({'TFMOT_MODELS_CACHE': '~nobody_here/x'}, 'no such home folder'),
        ({'HOME': '/a:b'}, 'has a colon: set TFMOT_MODELS_CACHE to another'),
    ):
      with self.assertRaisesRegex(errors.InputError, message):
        self.cache(**environ)

  def test_no_home(self):
    with absltest.mock.patch.object(
        pathlib.Path, 'home', side_effect=RuntimeError
    ):
      self.assertEqual(self.cache(TFMOT_MODELS_CACHE='/x'), '/x')
      message = 'set HOME, or set TFMOT_MODELS_CACHE to a folder'
      with self.assertRaisesRegex(errors.InputError, message):
        self.cache()

  def test_another_kernel_is_the_same_host(self):
    before = bootstrap.host()
    for name in ('release', 'version', 'platform'):
      patched = absltest.mock.patch.object(
          platform, name, return_value='9.99.9-next'
      )
      with patched:
        self.assertEqual(bootstrap.host(), before)
    with absltest.mock.patch.object(platform, 'machine', return_value='vax'):
      self.assertNotEqual(bootstrap.host(), before)


class BootstrapTest(absltest.TestCase):

  def program(self, folder, name, said, code=0):
    """Makes a program that says something, and returns its path."""
    path = pathlib.Path(folder) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{said}"\nexit {code}\n')
    path.chmod(0o755)
    return str(path)

  def on_path(self, *folders):
    path = {'PATH': os.pathsep.join(map(str, folders))}
    self.enter_context(absltest.mock.patch.dict(os.environ, path))

  def test_python_that_no_lock_is_for(self):
    for version in ('3.10.13', '3.14.0', '3.110.1'):
      patched = absltest.mock.patch.object(
          platform, 'python_version', return_value=version
      )
      message = f'{version}, and TensorFlow .* 3.11 to 3.13'
      with patched, self.assertRaisesRegex(errors.InputError, message):
        bootstrap.tools_env()

  def test_python_that_cannot_read_the_code(self):
    program = 'import sys; sys.version_info = (3, 8, 1); import tools.env'
    done = subprocess.run(
        [sys.executable, '-c', program],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        text=True,
    )
    self.assertEqual(done.returncode, 2)
    self.assertRegex(done.stderr, r'^error: Python 3\.8 is too old: .*\n$')

  def test_clone_with_a_colon(self):
    root = pathlib.Path('/homes/me/a:b')
    with absltest.mock.patch.object(bootstrap, 'ROOT', root):
      with self.assertRaisesRegex(errors.InputError, '/a:b has a colon'):
        bootstrap.tools_env()

  def test_apt_that_fails_is_one_line(self):
    root = self.create_tempdir().full_path
    self.program(root, 'apt-get', 'E: $*', 100)
    self.on_path(root)
    user = absltest.mock.patch.object(os, 'geteuid', return_value=0)
    message = (
        'bazel-bootstrap cannot be installed: apt-get update failed .*;'
        ' apt-get install failed .*-y bazel-bootstrap; see what `apt-get'
    )
    with user, self.assertRaisesRegex(errors.InputError, message):
      bootstrap.bazel()

  def test_missing_bazel(self):
    with absltest.mock.patch.dict(os.environ, {'PATH': ''}):
      with self.assertRaisesRegex(errors.InputError, 'Bazel is missing: put'):
        bootstrap.bazel()

  def test_bazel_of_another_series(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    self.on_path(root / 'first', root / 'second')
    for said in ('bazel 4.2.1', 'bazel no_version'):
      program = self.program(root / 'first', 'bazel', said)
      self.assertEqual(bootstrap.bazel(), program)
    self.program(root / 'first', 'bazel', 'bazel 8.0.1')
    message = 'no Bazel 4.*/bazel is of series 8.*unless USE_BAZEL_VERSION is'
    with self.assertRaisesRegex(errors.InputError, message):
      bootstrap.bazel()
    self.program(root / 'first', 'bazelisk', 'no network', 1)
    behind = self.program(root / 'second', 'bazel-4', 'bazel no_version')
    self.assertEqual(bootstrap.bazel(), behind)
    usable = self.program(root / 'second', 'bazel', 'bazel 4.2.3')
    self.assertEqual(bootstrap.bazel(), usable)

  def test_bazelisk_finds_the_version(self):
    text = (bootstrap.ROOT / '.bazeliskrc').read_text(encoding='utf-8')
    self.assertEqual(text, f'USE_BAZEL_VERSION={bootstrap.BAZEL}\n')

  def test_failed_command_is_one_line(self):
    with self.assertRaisesRegex(errors.InputError, r'trying failed .* exit 3'):
      bootstrap.run(['sh', '-c', 'echo no >&2; exit 3'], 'trying')
    with self.assertRaisesRegex(errors.InputError, 'cannot run no_such_tool'):
      bootstrap.run(['no_such_tool'], 'trying')

  def test_wrong_arguments(self):
    with self.assertRaises(SystemExit) as caught:
      bootstrap.main(['bootstrap', 'pip'])
    self.assertEqual(caught.exception.code, 2)


class NoxTest(parameterized.TestCase):

  @parameterized.parameters(
      ((), ()),
      (('-s', 'lint'), ()),
      (('-f', '../noxfile.py', '-s', 'a', 'b'), ('--', '-f', 'x', '--', 'y')),
  )
  def test_arguments(self, options, rest):
    ours = ['-f', str(bootstrap.ROOT / 'noxfile.py')]
    got = bootstrap.nox_arguments([*options, *rest])
    self.assertEqual(got, [*options, *ours, *rest])

  @parameterized.parameters('plain', 'a b', 'a:b', 'für')
  def test_another_nox_hands_over(self, name):
    scratch = pathlib.Path(self.create_tempdir().full_path)
    root = scratch / name
    (root / 'tools').mkdir(parents=True)
    for path in ('noxfile.py', 'tools/nox'):
      shutil.copyfile(bootstrap.ROOT / path, root / path)
    (scratch / 'nox.py').touch()  # Another nox: it only loads the noxfile.
    program = scratch / 'python3'
    program.write_text('#!/bin/sh\npwd\nfor word; do echo "$word"; done\n')
    program.chmod(0o755)
    code = 'import runpy, sys; runpy.run_path(sys.argv.pop(1), {}, "noxfile")'
    given = ['-s', 'lint', '--', 'a  b', '']
    for pid in ({}, {'TFMOT_MODELS_NOX': str(os.getpid())}):
      said = subprocess.check_output(
          [sys.executable, '-c', code, root / 'noxfile.py', *given],
          cwd='/',
          env={
              'PATH': f'{scratch}:/usr/bin:/bin',
              'PYTHONPATH': str(scratch),
              'CDPATH': str(scratch),
              **pid,
          },
          text=True,
      )
      module = ['-m', 'tools.env.bootstrap', 'nox']
      self.assertEqual(said.split('\n'), [str(root), *module, *given, ''])


class EnvironmentTest(parameterized.TestCase):

  def test_settings(self):
    pinned = environment.settings({})
    self.assertCountEqual(pinned, ['tensorflow', 'tfmot'])
    changed = environment.settings({'TFMOT': '0.8.0', 'TENSORFLOW': ''})
    self.assertEqual(changed, {**pinned, 'tfmot': '0.8.0'})

  def test_channels(self):
    pinned = environment.settings({})
    for name, changes in environment.table()['channels'].items():
      chosen = environment.settings({'TFMOT_CHANNEL': name})
      self.assertEqual(chosen, pinned | changes)
      for layer, version in chosen.items():
        if version != 'head':
          self.assertTrue(environment.lock_of(layer, version).is_file())
    self.assertEqual(environment.settings({'TFMOT_CHANNEL': 'stable'}), pinned)
    given = {'TFMOT_CHANNEL': 'head', 'TFMOT': '/x', 'TENSORFLOW': '2.20.0'}
    self.assertEqual(
        environment.settings(given), {'tensorflow': '2.20.0', 'tfmot': '/x'}
    )
    with self.assertRaisesRegex(errors.InputError, 'of stable, floor, nightly'):
      environment.settings({'TFMOT_CHANNEL': 'latest'})

  def test_bazel_has_a_config_for_each_channel(self):
    text = (bootstrap.ROOT / '.bazelrc').read_text(encoding='utf-8')
    for name in environment.table()['channels']:
      self.assertIn(f'\ncommon:{name} --repo_env=TFMOT_CHANNEL={name}\n', text)

  @parameterized.parameters(
      ('tensorflow = "2.20.0"', "KeyError('tfmot')"),
      ('tensorflow = "2.20.0"\ntfmot = 8', 'tfmot = 8 is no version'),
      (
          'tensorflow = "1"\ntfmot = "2"\nchannels.x.tf = "3"',
          "tf = '3' is no version of a layer",
      ),
      ('tensorflow = "1"\ntfmot = "2"\nchannels = "x"', 'no attribute'),
      ('tensorflow = ', 'Invalid value'),
  )
  def test_bad_table(self, text, message):
    path = pathlib.Path(self.create_tempdir().full_path) / 'pyproject.toml'
    with self.assertRaisesRegex(errors.InputError, 'No such file'):
      environment.table(path)
    path.write_text(f'[tool.tfmot_models.environment]\n{text}\n')
    with self.assertRaises(errors.InputError) as caught:
      environment.table(path)
    self.assertIn(message, str(caught.exception))

  def test_nightlies_are_alone(self):
    text = environment.lock_of('tensorflow', 'nightly').read_text()
    for name in ('tf-nightly', 'tf-keras-nightly', 'keras-nightly'):
      self.assertIn(f'\n{name}==', text)
    for name in ('tensorflow', 'tensorflow-cpu', 'tf-keras', 'keras'):
      self.assertNotIn(f'\n{name}==', text)

  def test_version_without_a_lock(self):
    with self.assertRaisesRegex(
        errors.InputError, r'no lock for tfmot 0\.1\.0 .*-- --tfmot 0\.1\.0'
    ):
      environment.lock_of('tfmot', '0.1.0')

  def test_locks_have_hashes_and_name_no_host(self):
    locks = list(bootstrap.LOCKS.glob('*.txt'))
    self.assertNotEmpty(locks)
    for lock in locks:
      text = lock.read_text(encoding='utf-8')
      self.assertNotRegex(text, r'https?:|index-url|find-links', lock.name)
      packages = text.count('==')
      self.assertGreater(packages, 0, lock.name)
      self.assertGreaterEqual(text.count('--hash=sha256:'), packages)

  @parameterized.parameters(
      (None, 'there are none'),
      ('other/net.py', 'there is other/net.py'),
      ('tensorflow_model_optimization.py', 'there is tensorflow_model_opt'),
  )
  def test_overlay_of_something_else(self, name, message):
    overlay = pathlib.Path(self.create_tempdir().full_path) / 'overlay'
    if name:
      (overlay / name).parent.mkdir(parents=True)
      (overlay / name).write_text('')
    with self.assertRaisesRegex(errors.InputError, message):
      environment.make(environment.settings({}), overlay)

  def test_fingerprint_tells_contents_not_byte_code(self):
    site = pathlib.Path(self.create_tempdir().full_path)
    info = site / 'net-1.0.dist-info'
    info.mkdir()

    def fingerprint(*rows):
      (info / 'RECORD').write_text('\n'.join(rows), encoding='utf-8')
      return environment.fingerprint(site)

    first = fingerprint('net.py,sha256=abc,3', 'net-1.0.dist-info/RECORD,,')
    self.assertRegex(first, r'^net 1\.0 [0-9a-f]{16}\n$')
    same = fingerprint(
        'net.py,sha256=abc,3',
        '__pycache__/net.pyc,,',
        'net-1.0.dist-info/INSTALLER,sha256=uv,2',
    )
    self.assertEqual(first, same)
    self.assertNotEqual(first, fingerprint('net.py,sha256=abe,3'))


if __name__ == '__main__':
  absltest.main()

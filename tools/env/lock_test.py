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

"""Tests what the resolver is asked for, and that a lock is whole or not there.

The resolver itself needs the network: here it is a script that writes down what
it was asked.
"""

import contextlib
import io
import os
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tools.env import bootstrap
from tools.env import environment
from tools.env import lock

_UV = """\
#!/bin/sh
cat >> {asked}; echo >> {asked}
for flag; do
  case $flag in
    --overrides=*) cat "${{flag#*=}}" >> {asked};;
    --*) echo "$flag" >> {asked};;
  esac
done
echo tf-nightly==1.dev1
{last}
"""


class LockTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.asked = self.root / 'asked'
    self.locks = self.root / 'locks'
    self.locks.mkdir()
    self.enter_context(mock.patch.object(bootstrap, 'LOCKS', self.locks))
    tools = mock.patch.object(bootstrap, 'tools_env', return_value=self.root)
    self.enter_context(tools)
    self.enter_context(mock.patch.dict(os.environ, TFMOT_CHANNEL=''))
    self.becomes('exit 0')

  def becomes(self, last):
    """Makes the resolver end in a way."""
    uv = self.root / 'uv'
    uv.write_text(_UV.format(asked=self.asked, last=last), encoding='utf-8')
    uv.chmod(0o755)

  def lock(self, *flags):
    """Runs the command; returns its output and what the resolver was asked."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
      try:
        lock.main(flags)
      except SystemExit as error:
        print(f'exit {error.code}', file=out)
    asked = self.asked.read_text() if self.asked.exists() else ''
    return out.getvalue(), asked.splitlines()

  def written(self):
    return sorted(path.name for path in self.locks.iterdir())

  def test_channel_nightly(self):
    out, asked = self.lock('--channel=nightly')
    self.assertEqual(
        self.written(), ['tensorflow-nightly.txt', 'tfmot-nightly.txt']
    )
    self.assertIn('wrote tensorflow-nightly.txt tf-nightly==1.dev1', out)
    for line in (
        'tf-nightly',
        'tf-keras-nightly',
        'tf-model-optimization-nightly',
        'setuptools<81',
        "tensorflow ; sys_platform == 'never'",
        "tf-keras ; sys_platform == 'never'",
        '--no-emit-package=keras',
        '--generate-hashes',
        '--no-emit-index-url',
    ):
      self.assertIn(line, asked)

  @parameterized.parameters(
      (['--tfmot=0.8.0'], ['tensorflow-model-optimization==0.8.0']),
      (
          ['--tfmot=0.8.1.dev20260629'],
          ['tf-model-optimization-nightly==0.8.1.dev20260629'],
      ),
      (['--tensorflow=2.20.0'], ['tensorflow==2.20.0', 'tf-keras==2.20.*']),
      (
          ['--tensorflow=2.22.0.dev20260905'],
          ['tf-nightly==2.22.0.dev20260905', 'tf-keras-nightly==2.22.*'],
      ),
  )
  def test_version(self, flags, expected):
    _, asked = self.lock(*flags)
    self.assertContainsSubset(expected, asked)
    layer, version = flags[0].removeprefix('--').split('=')
    self.assertEqual(self.written(), [f'{layer}-{version}.txt'])
    self.assertEqual(
        'tensorflow' in flags[0] and '.dev' in flags[0],
        "tensorflow ; sys_platform == 'never'" in asked,
    )

  def test_head_has_no_lock_of_tfmot(self):
    self.lock('--channel=head')
    self.assertEqual(self.written(), ['tensorflow-nightly.txt'])

  def test_everything(self):
    out, _ = self.lock()
    chosen = environment.settings({})
    order = [line.split()[2] for line in out.splitlines()]
    below = f'tensorflow-{chosen["tensorflow"]}.txt'  # Constrains the tools.
    self.assertLess(order.index(below), order.index('tools.txt'))
    expected = ['bootstrap', 'build', 'lint', 'npm', 'tools']
    expected += [f'{layer}-{version}' for layer, version in chosen.items()]
    self.assertEqual(self.written(), sorted(f'{x}.txt' for x in expected))

  def test_resolver_that_fails_leaves_the_old_lock(self):
    self.lock('--tfmot=0.8.0')
    path = self.locks / 'tfmot-0.8.0.txt'
    before = path.read_text()
    self.becomes('echo no such version >&2; exit 1')
    out, _ = self.lock('--tfmot=0.8.0')
    self.assertIn('resolving tfmot-0.8.0.txt failed', out)
    self.assertIn('no such version\nexit 2', out)
    self.assertEqual(path.read_text(), before)
    self.assertEqual(self.written(), ['tfmot-0.8.0.txt'])

  @parameterized.parameters('--channel=latest', '--tfmot=', '--tensorflow=../x')
  def test_refused(self, flag):
    out, _ = self.lock(flag)
    self.assertRegex(out, r'error: .*\nexit 2')
    self.assertEqual(self.written(), [])


if __name__ == '__main__':
  absltest.main()

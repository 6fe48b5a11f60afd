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

"""Tests what is read from the JUnit files that tests and Bazel leave."""

import contextlib
import dataclasses
import io
import os
import pathlib
import subprocess
import sys
import textwrap
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.bisect import axes
from tools.bisect import bazel_probe
from tools.bisect import probe as probes
from tools.env import bootstrap
from tools.suite import bazel_testing
from tools.suite import draw
from tools.suite import make

_TEST = """
from absl.testing import absltest
class NetTest(absltest.TestCase):
  def test_wrong(self):
    self.assertEqual(1, 2)
  def test_raises(self):
    raise KeyError('x')
  def test_passes(self):
    pass
absltest.main()
"""
_VERDICT = """
<testsuite name="half" tests="2" failures="1">
<testcase name="accuracy_drop" classname="half" time="0"><properties>
<property name="measured" value="6.5"/></properties>
<failure message="fail">It is too much.</failure></testcase>
<testcase name="zipped_size" classname="half" time="0"><properties>
<property name="measured" value="0.25"/></properties></testcase></testsuite>
"""
_OF_BAZEL = """
<testsuites><testsuite name="a/b" tests="1" failures="0" errors="1">
<testcase name="a/b" status="run" duration="1" time="1">
<error message="exited with error code 1"></error></testcase>
</testsuite></testsuites>
"""
# As Bazel, of a test that is killed for its time in the first runs.
_BAZEL = """#!/bin/sh
printf . >> runs
mkdir -p bazel-testlogs/a/b
if [ $(wc -c < runs) -le {late} ]; then
  : > bazel-testlogs/a/b/test.xml
  echo '-- Test timed out at 6:40 UTC --' > bazel-testlogs/a/b/test.log
  exit 3
fi
echo '<testsuite/>' > bazel-testlogs/a/b/test.xml
"""


class JunitTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)

  def test_of_a_real_test(self):
    script = self.folder / 'net_test.py'
    script.write_text(textwrap.dedent(_TEST))
    path = self.folder / 'shard_1_of_1/test.xml'
    path.parent.mkdir()
    subprocess.run(
        [sys.executable, script],
        check=False,
        capture_output=True,
        env={**os.environ, 'XML_OUTPUT_FILE': str(path)},
    )
    found = bazel_probe.read_junit(self.folder)
    self.assertEqual(
        found['failures'],
        (
            'NetTest.test_raises: KeyError',
            'NetTest.test_wrong: AssertionError',
        ),
    )

  def test_of_a_verdict(self):
    (self.folder / 'test.xml').write_text(_VERDICT)
    found = bazel_probe.read_junit(self.folder)
    self.assertEqual(found['failures'], ('accuracy_drop',))
    self.assertEqual(
        found['metrics'], {'accuracy_drop': 6.5, 'zipped_size': 0.25}
    )

  @parameterized.parameters(
      ('Traceback …\nImportError: no net\nerror: x\n', 'run: ImportError'),
      ('tf.errors.ResourceError: x\n', 'run: ResourceError'),
      ('Killed\n', 'run: failed'),
      ('-- Test timed out at 2026-11-28 06:40:00 UTC --\n', 'run: timed out'),
  )
  def test_of_bazel(self, log, expected):
    (self.folder / 'test.xml').write_text(_OF_BAZEL)
    (self.folder / 'test.log').write_text(log)
    found = bazel_probe.read_junit(self.folder)
    self.assertEqual(found['failures'], (expected,))

  def test_killed(self):
    (self.folder / 'test.xml').write_text('')
    (self.folder / 'test.log').write_text('-- Test timed out at 6:40 UTC --\n')
    found = bazel_probe.read_junit(self.folder)
    self.assertEqual(found['failures'], ('run: timed out',))

  def test_none(self):
    with self.assertRaisesRegex(probes.BrokenError, 'no test.xml'):
      bazel_probe.read_junit(self.folder)
    (self.folder / 'test.xml').write_text('<test')
    with self.assertRaisesRegex(probes.BrokenError, 'is no JUnit file'):
      bazel_probe.read_junit(self.folder)


class TestedTest(parameterized.TestCase):

  @parameterized.parameters(
      (0, 1, ()),
      (1, 2, ()),
      (2, 2, ('run: timed out',)),
  )
  def test_killed_for_its_time(self, late, runs, failures):
    root = pathlib.Path(self.create_tempdir().full_path)
    program = root / 'bazel'
    program.write_text(_BAZEL.format(late=late))
    program.chmod(0o755)
    found = bazel_probe.tested(draw.Bazel(str(program), root), '//a:b', [])
    self.assertEqual(found['failures'], failures)
    self.assertLen((root / 'runs').read_text(), runs)


class BazelProbeTest(parameterized.TestCase):

  @parameterized.parameters('', 'a:b', '//a/...', '//a', '//a:b //a:c')
  def test_no_label(self, target):
    with self.assertRaisesRegex(errors.InputError, 'no label of one test'):
      bazel_probe.BazelProbe(target, draw.Bazel('false', pathlib.Path()))

  def test_no_test(self):
    with self.assertRaisesRegex(errors.InputError, '//a:b is no test'):
      bazel_probe.BazelProbe('//a:b', draw.Bazel('false', pathlib.Path()))

  def test_bazel_takes_the_versions_of_a_combination(self):
    settings = {'tensorflow': '2.20.0', 'tfmot': '0.8.0'}
    root = pathlib.Path(self.create_tempdir().full_path)
    program = bazel_testing.project(root, [0.5])
    probe = bazel_probe.BazelProbe(
        bazel_testing.LABEL, draw.Bazel(program, root)
    )
    with mock.patch.object(probes, 'settings', return_value=settings):
      with mock.patch.object(bazel_probe.environment, 'make') as make_one:
        called = probe._with({axes.MIRROR: axes.HERE})
    make_one.assert_called_once_with(settings)
    self.assertEqual(
        called.options,
        (
            '--repo_env=TENSORFLOW=2.20.0',
            '--repo_env=TFMOT=0.8.0',
            '--repo_env=TFMOT_CLASHES=ignore',
        ),
    )


class SeedsTest(absltest.TestCase):
  """Of a convergence test, which is trained by another seed."""

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    drops = [0.5, 0.6, 0.4, 0.5, 0.55, 0.45, 0.5, 0.5]
    program = bazel_testing.project(self.root, drops)
    with mock.patch.object(bootstrap, 'bazel', return_value=program):
      with contextlib.redirect_stdout(io.StringIO()):
        make.main(['--seeds=8', '--who=a test'], self.root)
    self.bazel = draw.Bazel(program, self.root)
    self.enterContext(
        mock.patch.object(
            bazel_probe.BazelProbe, '_with', return_value=self.bazel
        )
    )

  def run_second(self):
    """Returns what is said of the second seed."""
    label = bazel_testing.LABEL
    probe = bazel_probe.BazelProbe(label, self.bazel)
    return probe({axes.TFMOT: '1', axes.TENSORFLOW: '2'}, 2)

  def test_judged_by_references_or_by_its_bound(self):
    bazel_testing.records(self.root, [0.5, 1.9], weights='de')
    self.assertEqual(self.run_second().failures, ('accuracy_drop',))
    for path in self.root.glob('bazel-bin/tfmot_contrib/*/*.json'):
      versions = {**record.read(path).versions, 'tensorflow': '2.99.0'}
      other = dataclasses.replace(record.read(path), versions=versions)
      record.write(other, path)
    self.assertEqual(self.run_second().failures, ())

  def build_ends_with(self, code: int):
    """Lets Bazel end each build with a code."""
    with open(self.bazel.program, 'a', encoding='utf-8') as program:
      print(f"if sys.argv[1] == 'build': sys.exit({code})", file=program)

  def test_a_build_that_fails(self):
    self.build_ends_with(1)
    self.assertEqual(self.run_second().failures, ('run: failed',))

  def test_a_crash_of_bazel_is_no_failure(self):
    self.build_ends_with(37)
    with self.assertRaisesRegex(probes.BrokenError, '^bazel exit 37: '):
      self.run_second()


if __name__ == '__main__':
  absltest.main()

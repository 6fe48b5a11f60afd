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

"""Tests how the cache check reads Bazel's execution log."""

import json

from absl.testing import absltest

from tools.bazel import cache_check


def _spawn(mnemonic: str, output: str, cached: bool) -> str:
  return json.dumps(
      {
          'mnemonic': mnemonic,
          'listedOutputs': [output],
          'remoteCacheHit': cached,
      },
      indent=2,
  )


class CacheCheckTest(absltest.TestCase):

  def test_only_trainings_that_ran(self):
    log = '\n'.join([
        _spawn('TrainingRun', 'bazel-out/bin/b_run', False),
        _spawn('TrainingRun', 'bazel-out/bin/c_run', True),
        _spawn('TestRunner', 'bazel-out/testlogs/test.log', False),
        _spawn('TrainingRun', 'bazel-out/bin/a_run', False),
    ])
    self.assertEqual(cache_check.trainings_of(log + '\n'), ['a_run', 'b_run'])

  def test_empty_log(self):
    self.assertEqual(cache_check.trainings_of(''), [])


if __name__ == '__main__':
  absltest.main()

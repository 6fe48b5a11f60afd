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

"""Upstream's own tests, run against the mirror.

    bazel test //official/...

`upstream_test_files` is called in the BUILD file of the mirror and makes a
filegroup of the test files of each part; `upstream_tests` makes the targets
that run them. No file is named anywhere: what upstream adds is run as well.
"""

load("//tools/bazel:python.bzl", "py_test")

# The parts of the mirror that tfmot_contrib uses, and the one that uses TFMOT.
# official/vision/serving is left out: nothing here uses it, and its tests take
# a quarter of an hour. A shard is one process, with one thread, for its share
# of the files; a shard of the two large parts takes minutes.
_PARTS = {
    "core": struct(
        include = ["official/common", "official/core"],
        exclude = [],
        shards = 1,
        size = "medium",
    ),
    "modeling": struct(
        include = ["official/modeling"],
        exclude = [],
        shards = 1,
        size = "medium",
    ),
    "orbit": struct(
        include = ["orbit"],
        exclude = [],
        shards = 1,
        size = "medium",
    ),
    "projects_qat": struct(
        include = ["official/projects/qat"],
        exclude = [],
        shards = 4,
        size = "enormous",
    ),
    "vision": struct(
        include = ["official/vision"],
        exclude = ["official/vision/modeling", "official/vision/serving"],
        shards = 1,
        size = "medium",
    ),
    "vision_modeling": struct(
        include = ["official/vision/modeling"],
        exclude = [],
        shards = 8,
        size = "enormous",
    ),
}

# Imported once for all files of a shard.
_IMPORT_FIRST = "tensorflow,tf_keras,tensorflow_model_optimization"

_RUNNER = "//tools/bazel:upstream_tests.py"

# The filegroup of all test files; those of a part add its name.
_FILES = "@official_models//:upstream_tests"

def upstream_test_files(name):
    """Makes filegroups of test files, for the BUILD file of the mirror.

    Args:
      name: Of the filegroup of all parts. NAME_PART is that of one.
    """
    for part, of in _PARTS.items():
        native.filegroup(
            name = name + "_" + part,
            srcs = native.glob(
                [folder + "/**/*_test.py" for folder in of.include],
                allow_empty = False,
                exclude = [folder + "/**" for folder in of.exclude],
            ),
        )
    native.filegroup(
        name = name,
        srcs = [name + "_" + part for part in _PARTS],
    )

def upstream_tests(name, known_failures):
    """Makes PART_test for each part, and a test of the list of known failures.

    A test file fails its target when it runs no test, when a test fails that
    is not listed, and when a listed one passes. `--test_filter=TEXT` runs only
    the files that have TEXT in their name.

    Args:
      name: Of the test_suite of them all.
      known_failures: The YAML file that lists what is known to fail.
    """
    list_test = name + "_known_failures_test"
    py_test(
        name = list_test,
        srcs = [_RUNNER],
        args = [
            "--known_failures=$(rootpath %s)" % known_failures,
            "--list_only",
            "$(rootpaths %s)" % _FILES,
        ],
        data = [known_failures, _FILES],
        main = _RUNNER,
        deps = ["//tools/bazel:upstream_tests"],
    )
    for part, of in _PARTS.items():
        files = _FILES + "_" + part
        py_test(
            name = part + "_test",
            size = of.size,
            srcs = [_RUNNER],
            args = [
                "--import_first=" + _IMPORT_FIRST,
                "--known_failures=$(rootpath %s)" % known_failures,
                "$(rootpaths %s)" % files,
            ],
            data = [known_failures, files],
            main = _RUNNER,
            shard_count = of.shards if of.shards > 1 else None,
            tags = ["upstream"] + (["slow"] if of.shards > 1 else []),
            deps = [
                "//tools/bazel:upstream_tests",
                "@official_models",
            ],
        )
    native.test_suite(
        name = name,
        tests = [list_test] + [part + "_test" for part in _PARTS],
    )

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

"""The Python rules of this project. Every BUILD file loads them from here.

They are built into Bazel 4; a Bazel that has to load them needs a change in
this file and nowhere else. Tests depend on what the Python environment holds,
which Bazel does not see, so each has its fingerprints as inputs.
"""

def py_library(**kwargs):
    native.py_library(**kwargs)

def py_binary(**kwargs):
    native.py_binary(**kwargs)

def py_test(data = [], size = "small", **kwargs):
    """A test that runs again when a package of the environment changes.

    Only tests of tools/ see what only tools/ imports.

    Args:
      data: Files that the test reads.
      size: As of every test: small is 60 seconds, medium 300, large 900.
      **kwargs: Passed to the rule.
    """
    layers = ["tfmot"]
    if native.package_name().split("/")[0] == "tools":
        layers.append("tools")
    native.py_test(
        data = data + ["@python_env//:%s.fingerprint" % layer for layer in layers],
        size = size,
        **kwargs
    )

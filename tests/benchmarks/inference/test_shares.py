import shares

# As `perf script -F ip,sym` prints them: the innermost function first.
SCRIPT = """\
          16a305 transformerd::kernels::Finisher<A, B, C>::FinishRows(int)
          16b000 transformerd::kernels::RunLinear<A, B, C>
          20aaaa transformerd::StackRunner::Run

          16b100 transformerd::kernels::RunLinear<A, B, C>
          20aaaa transformerd::StackRunner::Run

          16c000 transformerd::kernels::VectorMultiplier<A, B>::MultiplyRows<3>
          16d000 transformerd::kernels::RunAttend<A, B>

          16b200 transformerd::kernels::RunLinear<A, B, C>

          ffffff clear_page_erms

"""


def test_samples_count_for_the_kernel_that_runs_or_calls():
    assert shares.count(SCRIPT) == {
        "after products": 1,
        "products": 2,
        "attention": 1,
        "rest": 1,
    }

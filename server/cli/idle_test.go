package cli_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"testing"
)

// collectOnSignal collects garbage and gives memory back whenever SIGUSR1 comes,
// and says so on standard output, so that what is left is what is needed.
func collectOnSignal() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	for range asked {
		debug.FreeOSMemory()
		_, _ = fmt.Fprintln(os.Stdout, "collected")
	}
}

// used is what a process holds.
type used struct{ resident, heap, stacks, goroutines float64 }

func (p *process) used() used {
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.stdout.ReadString('\n'); err != nil {
		p.t.Fatal(err)
	}
	return used{
		p.metric("process_resident_memory_bytes"), p.metric("go_memstats_heap_alloc_bytes"),
		p.metric("go_memstats_stack_inuse_bytes"), p.metric("go_goroutines"),
	}
}

// BenchmarkIdleStreams opens 10,000 subscriptions/listen streams on a process of
// its own and reports what each of them takes there while nothing happens. The
// descriptors of both processes together are twice as many as the streams.
func BenchmarkIdleStreams(b *testing.B) {
	const callers, streamsEach = 10, 1000
	for b.Loop() {
		p := startHeld(b)
		before := p.used()
		began := make(chan struct{}, streamsEach)
		failed := make(chan string, callers*streamsEach)
		bodies := make(chan *http.Response, callers*streamsEach)
		for caller := range callers {
			bearer := p.bearer(fmt.Sprintf("user%d", caller))
			for range streamsEach {
				go func() {
					defer func() { began <- struct{}{} }()
					response, err := p.listen(bearer)
					if err == nil {
						_, err = bufio.NewReaderSize(response.Body, 16).ReadByte()
						bodies <- response
					}
					if err != nil {
						failed <- err.Error()
					}
				}()
			}
			for range streamsEach {
				<-began
			}
		}
		if len(failed) > 0 {
			b.Fatalf("%d streams failed: %s", len(failed), <-failed)
		}
		after := p.used()
		n := float64(callers * streamsEach)
		b.ReportMetric((after.resident-before.resident)/n, "RSS-B/stream")
		b.ReportMetric((after.heap-before.heap)/n, "heap-B/stream")
		b.ReportMetric((after.stacks-before.stacks)/n, "stack-B/stream")
		b.ReportMetric((after.goroutines-before.goroutines)/n, "goroutines/stream")
		close(bodies)
		for response := range bodies {
			_ = response.Body.Close()
		}
	}
}

